package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A GPU's cache missed and the NPU answered: begin it, ask, then {@link #finish} it. */
@Name("vmm.translation.missed")
@Label("Translation missed")
@Category({"VMM", "ATS"})
@Description("A GPU asked its NPU for a translation that its own cache does not have")
@StackTrace(false)
public final class TranslationEvent extends Event {
  @Label("NPU")
  String npu;

  @Label("GPU as bus, device, function")
  int gpu;

  @Label("Process")
  int pid;

  @Label("Effective address")
  long address;

  @Label("Write")
  boolean write;

  @Label("Host-physical address of the page")
  long hpa;

  @Label("log2 of the page size")
  int pageShift;

  /**
   * Ends the event; emits it if a recording wants it.
   *
   * @param bdfn of the GPU
   * @param page host-physical address
   * @param shift log2 of its size
   */
  public void finish(
      String where, int bdfn, int process, long at, boolean writes, long page, int shift) {
    if (shouldCommit()) {
      npu = where;
      gpu = bdfn;
      pid = process;
      address = at;
      write = writes;
      hpa = page;
      pageShift = shift;
      commit();
    }
  }
}
