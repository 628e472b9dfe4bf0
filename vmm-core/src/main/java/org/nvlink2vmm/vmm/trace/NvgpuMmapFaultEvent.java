package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Tracepoint vfio_pci_nvgpu_mmap_fault (Linux drivers/vfio/pci/trace.h). */
@Name("vfio_pci_nvgpu_mmap_fault")
@Label("GPU memory touched")
@Category({"VFIO", "vfio_pci"})
@Description("A page of a GPU's mapped memory was touched for the first time")
@StackTrace(false)
final class NvgpuMmapFaultEvent extends Event {
  @Label("PCI address")
  String name;

  @Label("Host-physical address")
  long hpa;

  @Label("User address")
  long ua;

  @Label("vm_fault_t")
  int ret;
}
