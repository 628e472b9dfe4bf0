/** Device trees: reading, writing, checking, comparing; the pseries and powernv bindings. */
module org.nvlink2vmm.dt {
  exports org.nvlink2vmm.dt.assertions;
  exports org.nvlink2vmm.dt.check;
  exports org.nvlink2vmm.dt.dts;
  exports org.nvlink2vmm.dt.fdt;
  exports org.nvlink2vmm.dt.powernv;
  exports org.nvlink2vmm.dt.spapr;
  exports org.nvlink2vmm.dt.tree;

  // The assertions for other people's tests need it; everything else runs on the JDK alone.
  requires static org.assertj.core;
}
