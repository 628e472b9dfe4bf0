package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.vcpu.DebugPort;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * Return addresses along the chain of stack frames that starts at r1 (64-bit ELF V2 ABI, section
 * 2.2.2: the back chain is the first doubleword of a frame, the link register is saved 16 bytes
 * into the caller's). The frames are the guest's: an address that is not memory, or a chain that
 * does not end, ends it.
 */
final class BackTrace {
  private static final int MAX_FRAMES = 24;
  private static final int LINK_REGISTER_SAVE = 16;
  private static final long ABSENT = 0;

  private BackTrace() {}

  /**
   * Innermost first; without the present function and without the link register.
   *
   * @param order of the kernel's data, which firmware that it called may not share
   */
  static List<Long> of(Vcpu vcpu, ByteOrder order) {
    DebugPort debug = vcpu.debug();
    List<Long> addresses = new ArrayList<>();
    long frame = vcpu.gpr(1);
    for (int i = 0; i < MAX_FRAMES; i++) {
      long caller = debug.doubleword(frame, order, ABSENT);
      long address = debug.doubleword(caller + LINK_REGISTER_SAVE, order, ABSENT);
      if (caller == ABSENT || caller == frame || address == ABSENT) {
        break;
      }
      addresses.add(address);
      frame = caller;
    }
    return addresses;
  }
}
