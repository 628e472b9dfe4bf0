package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Tracepoint vfio_pci_npu2_mmap (Linux drivers/vfio/pci/trace.h). */
@Name("vfio_pci_npu2_mmap")
@Label("ATSD registers mapped")
@Category({"VFIO", "vfio_pci"})
@Description("The ATSD registers of an NVLink bridge were mapped by a process")
@StackTrace(false)
final class Npu2MmapEvent extends Event {
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
