package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** An NPU refused a translation: begin it, ask, then {@link #finish} it. */
@Name("vmm.translation.refused")
@Label("Translation refused")
@Category({"VMM", "ATS"})
@Description("A GPU asked its NPU for a translation that there is not")
@StackTrace(false)
public final class TranslationRefusedEvent extends Event {
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

  @Label("Fault")
  String fault;

  /**
   * Ends the event; emits it if a recording wants it.
   *
   * @param bdfn of the GPU
   */
  public void finish(String where, int bdfn, int process, long at, boolean writes, Enum<?> reason) {
    if (shouldCommit()) {
      npu = where;
      gpu = bdfn;
      pid = process;
      address = at;
      write = writes;
      fault = reason.name();
      commit();
    }
  }
}
