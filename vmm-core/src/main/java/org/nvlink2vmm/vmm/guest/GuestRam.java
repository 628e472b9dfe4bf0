package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.util.Optional;
import org.nvlink2vmm.dt.tree.DeviceTree;

/**
 * What a guest uses its memory for: a process table, page tables, data. All of it lies in the
 * memory at 0, above what firmware uses and below the device tree.
 */
final class GuestRam {
  /** Owners of trees and data that there is room for. */
  static final int OWNERS = 32;

  /** Bytes of data an owner has, aligned to 2 MiB. */
  static final long DATA = 4 << 20;

  private static final long NEEDED = 256L << 20;
  private static final long PROCESS_TABLE = 64L << 20;
  private static final int PROCESS_TABLE_SHIFT = 16;
  private static final long TREES = 66L << 20;
  private static final long DATA_START = 128L << 20;

  private final GuestMachine machine;

  private GuestRam(GuestMachine machine) {
    this.machine = machine;
  }

  /** Empty when the memory at 0 is too small. */
  static Optional<GuestRam> of(GuestMachine machine, DeviceTree tree) {
    return tree.root().children().stream()
        .filter(node -> node.name().equals("memory@0"))
        .flatMap(node -> node.property("reg").stream())
        .filter(reg -> reg.length() >= 16 && reg.cellPair(0) == 0 && reg.cellPair(2) >= NEEDED)
        .map(reg -> new GuestRam(machine))
        .findFirst();
  }

  /** Tells the hypervisor an empty process table; its status, 0 for H_SUCCESS. */
  long registerProcessTable() {
    for (long at = 0; at < 1L << PROCESS_TABLE_SHIFT; at += 8) {
      machine.store(PROCESS_TABLE + at, 8, 0, BIG_ENDIAN);
    }
    return machine.registerProcessTable(PROCESS_TABLE, PROCESS_TABLE_SHIFT);
  }

  /** Gives a process an empty tree in the room of an owner, below {@link #OWNERS}. */
  RadixTree process(int pid, int owner) {
    RadixTree tree = new RadixTree(machine, TREES + owner * RadixTree.ROOM);
    machine.store(PROCESS_TABLE + 16L * pid, 8, tree.processEntry(), BIG_ENDIAN);
    return tree;
  }

  /** Guest-physical address of an owner's data. */
  static long data(int owner) {
    return DATA_START + owner * DATA;
  }
}
