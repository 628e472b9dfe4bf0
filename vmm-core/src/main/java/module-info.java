/** The monitor: memory, PCI, VFIO, the emulated host, vfio-user, machine files, commands. */
module org.nvlink2vmm.vmm {
  requires transitive org.nvlink2vmm.dt;
  requires jdk.jfr;

  exports org.nvlink2vmm.vmm.ats;
  exports org.nvlink2vmm.vmm.device;
  exports org.nvlink2vmm.vmm.iommu;
  exports org.nvlink2vmm.vmm.irq;
  exports org.nvlink2vmm.vmm.memory;
  exports org.nvlink2vmm.vmm.nativeio;
  exports org.nvlink2vmm.vmm.trace;
  exports org.nvlink2vmm.vmm.pci;
  exports org.nvlink2vmm.vmm.vfio;

  uses org.nvlink2vmm.vmm.device.DevicePlugin;
}
