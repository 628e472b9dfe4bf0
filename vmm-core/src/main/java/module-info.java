/** The monitor: memory, PCI, VFIO, the emulated host, vfio-user, machine files, commands. */
module org.nvlink2vmm.vmm {
  requires transitive org.nvlink2vmm.dt;
  requires transitive jdk.jfr;
  requires io.netty.common;
  requires io.netty.transport;
  requires org.slf4j;
  requires static info.picocli;
  requires java.logging;
  requires tools.jackson.core;
  requires tools.jackson.databind;
  requires tools.jackson.dataformat.yaml;

  exports org.nvlink2vmm.vmm.ats;
  exports org.nvlink2vmm.vmm.device;
  exports org.nvlink2vmm.vmm.guest;
  exports org.nvlink2vmm.vmm.host;
  exports org.nvlink2vmm.vmm.iommu;
  exports org.nvlink2vmm.vmm.irq;
  exports org.nvlink2vmm.vmm.memory;
  exports org.nvlink2vmm.vmm.nativeio;
  exports org.nvlink2vmm.vmm.trace;
  exports org.nvlink2vmm.vmm.pci;
  exports org.nvlink2vmm.vmm.machine;
  exports org.nvlink2vmm.vmm.cli;
  exports org.nvlink2vmm.vmm.spapr;
  exports org.nvlink2vmm.vmm.vcpu;
  exports org.nvlink2vmm.vmm.vcpu.boot;
  exports org.nvlink2vmm.vmm.vcpu.gdb;
  exports org.nvlink2vmm.vmm.vcpu.pseries;
  exports org.nvlink2vmm.vmm.vcpu.trace;
  exports org.nvlink2vmm.vmm.vfio;
  exports org.nvlink2vmm.vmm.vfio.state;
  exports org.nvlink2vmm.vmm.vfiouser.client;
  exports org.nvlink2vmm.vmm.vfiouser.server;

  opens org.nvlink2vmm.vmm.cli to
      info.picocli;

  uses org.nvlink2vmm.vmm.device.DevicePlugin;
}
