package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.vcpu.DebugPort;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;

/** Where the threads of a guest stood when it ended, one line a fact, for people. */
record Postmortem(Partition partition, KernelSymbols symbols, ByteOrder order) {
  /** What kept the guest from ending, for one whose threads loop. */
  List<String> loops() {
    List<String> lines = new ArrayList<>();
    for (Vcpu vcpu : partition.vcpus()) {
      if (vcpu.stuck()) {
        List<DebugPort.Interrupt> interrupts = vcpu.debug().interrupts();
        boolean faults = !interrupts.isEmpty() && interrupts.getLast().pc() == vcpu.pc();
        lines.add(
            "endless loop: cpu %d %s at %s with interrupts disabled"
                .formatted(
                    vcpu.id(),
                    faults ? "faults again and again in the handler" : "branches to itself",
                    symbols.place(vcpu.pc())));
      }
    }
    return lines;
  }

  /** Places, callers and interrupts of all threads. */
  List<String> threads() {
    List<String> lines = new ArrayList<>();
    for (Vcpu vcpu : partition.vcpus()) {
      String cpu = "cpu " + vcpu.id();
      lines.add(
          "%s at %s, lr %s, msr 0x%x, r1 0x%x"
              .formatted(
                  cpu,
                  symbols.place(vcpu.pc()),
                  symbols.place(vcpu.lr()),
                  vcpu.msr(),
                  vcpu.gpr(1)));
      BackTrace.of(vcpu, order)
          .forEach(address -> lines.add(cpu + "   called from " + symbols.place(address)));
      vcpu.debug()
          .interrupts()
          .forEach(interrupt -> lines.add(cpu + "   interrupted: " + text(interrupt)));
    }
    return lines;
  }

  private String text(DebugPort.Interrupt interrupt) {
    String times = interrupt.times() > 1 ? ", %d times".formatted(interrupt.times()) : "";
    return name(interrupt) + " at " + symbols.place(interrupt.pc()) + times;
  }

  /** Names of the Power ISA, book III, chapter 6. */
  private static String name(DebugPort.Interrupt interrupt) {
    return switch (interrupt.vector()) {
      case 0x300 -> "data storage (0x%x)".formatted(interrupt.dar());
      case 0x380 -> "data segment (0x%x)".formatted(interrupt.dar());
      case 0x400 -> "instruction storage";
      case 0x480 -> "instruction segment";
      case 0x500 -> "external";
      case 0x600 -> "alignment (0x%x)".formatted(interrupt.dar());
      case 0x700 -> "program";
      case 0x800 -> "floating-point unavailable";
      case 0x900 -> "decrementer";
      case 0xa00 -> "doorbell";
      case 0xf20 -> "vector unavailable";
      case 0xf40 -> "VSX unavailable";
      default -> "interrupt 0x%x".formatted(interrupt.vector());
    };
  }

  /** Illegal instructions; a guest that ends well may have tried some. */
  List<String> illegalInstructions() {
    List<String> lines = new ArrayList<>();
    for (Vcpu vcpu : partition.vcpus()) {
      Vcpu.IllegalInstructions illegal = vcpu.illegalInstructions();
      if (illegal.count() > 0) {
        lines.add(
            "cpu %d: %d illegal instructions, the first 0x%08x at %s, the last 0x%08x at %s"
                .formatted(
                    vcpu.id(),
                    illegal.count(),
                    illegal.firstWord(),
                    symbols.place(illegal.firstPc()),
                    illegal.word(),
                    symbols.place(illegal.pc())));
      }
    }
    return lines;
  }
}
