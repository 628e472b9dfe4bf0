package org.nvlink2vmm.it.differential;

import java.util.List;
import org.nvlink2vmm.it.raw.RawClient;

/** One thing that is done to both servers, and one answer that is compared. */
sealed interface Step {
  /** What a request can carry; each server gets descriptors of its own. */
  enum Fd {
    EVENT0,
    EVENT1,
    /** Guest memory, 1 MiB. */
    RAM,
    /** Other guest memory, 1 MiB. */
    OTHER_RAM
  }

  /** A message with one reply, or with the end of the connection. */
  record Ask(Bytes message, List<Fd> fds) implements Step {}

  /** A message that is not answered; the next step shows that it was not. */
  record Tell(Bytes message, List<Fd> fds) implements Step {}

  /** A message that arrives in two pieces, the second after a while. */
  record Split(Bytes message, int cut) implements Step {}

  /** Takes what the eventfds counted. */
  record Signals() implements Step {}

  /** Looks at all guest memory. */
  record GuestMemory() implements Step {}

  /** Looks into the file that came with the reply before. */
  record RegionFile(long offset, int length) implements Step {}

  /** What is sent; empty for a step that looks only. */
  default byte[] sent() {
    return switch (this) {
      case Ask ask -> ask.message().array();
      case Tell tell -> tell.message().array();
      case Split split -> split.message().array();
      default -> new byte[0];
    };
  }

  /** How many descriptors go with it. */
  default int fdCount() {
    return switch (this) {
      case Ask ask -> ask.fds().size();
      case Tell tell -> tell.fds().size();
      default -> 0;
    };
  }

  /** Command number of what is sent, or -1. */
  default int command() {
    byte[] message = sent();
    return message.length < RawClient.HEADER
        ? -1
        : Byte.toUnsignedInt(message[2]) | Byte.toUnsignedInt(message[3]) << 8;
  }
}
