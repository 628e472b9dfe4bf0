package org.nvlink2vmm.vmm.trace;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A launch through an ATSD register set, from STAT busy until every GPU has dropped what it covers:
 * begin it, launch, then {@link #finish} it.
 */
@Name("vmm.shootdown")
@Label("Shootdown")
@Category({"VMM", "ATS"})
@Description("A launch through an ATSD register set, while its STAT was busy")
@StackTrace(false)
public final class ShootdownEvent extends Event {
  @Label("NPU")
  String npu;

  @Label("Register set")
  int register;

  @Label("LAUNCH")
  long launch;

  @Label("Scope")
  String scope;

  @Label("Process")
  int pid;

  @Label("AVA")
  long address;

  @Label("Done, as against waiting for a link")
  boolean done;

  /** Ends the event; emits it if a recording wants it. */
  public void finish(
      String where, int set, long word, Enum<?> what, int process, long ava, boolean ended) {
    if (shouldCommit()) {
      npu = where;
      register = set;
      launch = word;
      scope = what.name();
      pid = process;
      address = ava;
      done = ended;
      commit();
    }
  }
}
