package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Tracepoint vfio_pci_nvgpu_mmap (Linux drivers/vfio/pci/trace.h). */
@Name("vfio_pci_nvgpu_mmap")
@Label("GPU memory mapped")
@Category({"VFIO", "vfio_pci"})
@Description("A GPU's coherent memory was mapped by a process and registered for DMA")
@StackTrace(false)
final class NvgpuMmapEvent extends Event {
  @Label("PCI address")
  String name;

  @Label("Host-physical address")
  long hpa;

  @Label("User address")
  long ua;

  @Label("Bytes")
  long size;

  @Label("0 or the negative of an errno")
  int ret;
}
