package org.nvlink2vmm.dt.spapr;

/**
 * The NUMA binding of the tree (PAPR): FORM1 with five-cell associativity lists, or FORM2 with node
 * ids and a distance table. A tree at boot is always FORM1; FORM2 needs machine type pseries-6.2
 * and a guest that asked for it through client-architecture-support.
 */
public enum Affinity {
  FORM1,
  FORM2
}
