package org.nvlink2vmm.vmm.pci;

import java.util.List;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/** A PCI function on a bus. Calls come from any thread. */
public interface PciFunction {
  /** For people: in every log line, report and error. */
  String id();

  /** Config space as software sees it: little-endian, aligned accesses of 1, 2 or 4 bytes. */
  MmioHandler config();

  /** Bytes of config space that answer: 256 or 4096. */
  int configSize();

  /** BARs ascending by index. */
  List<Bar> bars();

  /** The function now sits on a bus with these windows; its BARs decode there when enabled. */
  void plug(PciWindows windows);

  /** Reset of the bus: as after power on, BARs decode nothing. */
  void reset();
}
