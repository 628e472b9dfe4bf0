package org.nvlink2vmm.vmm.memory;

/** How a bus answered an access. */
public enum BusResult {
  /** The access was carried out. */
  OK,
  /** No region claims the whole access. Reads give all ones, writes are lost. */
  UNCLAIMED,
  /** A region claims it but its rules refuse the width or alignment. As on a bus: same effect. */
  REFUSED
}
