package org.nvlink2vmm.vmm.vcpu.gdb;

import java.util.List;
import org.nvlink2vmm.vmm.vcpu.gdb.AllStop.Action;

/** What a packet asks for. */
sealed interface Answer {
  /** To be sent; empty for what is not supported. Characters stand for bytes. */
  record Text(String text) implements Answer {}

  /** From now on neither side acknowledges; OK is to be sent. */
  record NoAcknowledgements() implements Answer {}

  /** The guest is to go on; the answer comes when it stops. By number of the thread. */
  record Resume(List<Action> actions) implements Answer {}

  /** The debugger leaves and the guest runs; OK is to be sent. */
  record Detach() implements Answer {}

  /** The guest is to be ended; nothing is to be sent. */
  record Kill() implements Answer {}

  Answer OK = new Text("OK");
  Answer UNSUPPORTED = new Text("");

  /** A packet that makes no sense. */
  Answer MALFORMED = new Text("E01");

  /** More breakpoints than there may be. */
  Answer TOO_MANY = new Text("E02");

  /** An address where no memory is; 14 is EFAULT. */
  Answer NO_MEMORY = new Text("E14");
}
