package org.nvlink2vmm.vmm.vfiouser.codec;

import java.lang.foreign.MemorySegment;

/** The 16 bytes in front of every message (QEMU docs/interop/vfio-user.rst, "Header"). */
public final class Header {
  public static final int BYTES = 16;

  /** Chosen by who sends the command, echoed in the reply; not unique (SPDK sends 0 always). */
  static final int ID = 0;

  static final int COMMAND = 2;

  /** The whole message, this header included. */
  static final int SIZE = 4;

  static final int FLAGS = 8;

  /** A Linux errno when {@link #ERROR} is set in a reply. */
  static final int ERROR_NUMBER = 12;

  /** Mask of the message type in the flags. */
  public static final int TYPE = 0xf;

  public static final int TYPE_COMMAND = 0;
  public static final int TYPE_REPLY = 1;

  /** The sender wants no reply, not even to a command that fails. */
  public static final int NO_REPLY = 0x10;

  /** In a reply: the command failed and {@link #ERROR_NUMBER} says how. */
  public static final int ERROR = 0x20;

  private Header() {}

  public static void write(
      MemorySegment bytes, int id, int command, int size, int flags, int errorNumber) {
    Wire.u16(bytes, ID, id);
    Wire.u16(bytes, COMMAND, command);
    Wire.u32(bytes, SIZE, size);
    Wire.u32(bytes, FLAGS, flags);
    Wire.u32(bytes, ERROR_NUMBER, errorNumber);
  }
}
