package org.nvlink2vmm.vmm.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nvlink2vmm.vmm.machine.ConfigError;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;
import org.nvlink2vmm.vmm.vcpu.trace.InstructionWindow;

/** One {@code --trace}: the host kernel's tracepoints to a file, or a guest's instructions. */
sealed interface TraceOption {
  /** Host kernel's tracepoints. */
  record Tracepoints(Path file) implements TraceOption {}

  /**
   * A guest's instructions.
   *
   * @param start a decimal number of instructions, or "@" and a symbol or hexadecimal address
   * @param file standard error without
   */
  record Instructions(String start, long count, Optional<Path> file) implements TraceOption {
    /**
     * The window, with a symbol looked up.
     *
     * @throws ConfigError for one that the kernel does not have
     */
    InstructionWindow window(KernelSymbols symbols) {
      if (!start.startsWith("@")) {
        return InstructionWindow.after(Long.parseLong(start), count);
      }
      String name = start.substring(1);
      if (name.startsWith("0x")) {
        return InstructionWindow.at(Long.parseUnsignedLong(name.substring(2), 16), false, count);
      }
      long ea =
          symbols
              .addressOf(name)
              .orElseThrow(() -> new ConfigError("--trace", name, "a symbol of the kernel"));
      return InstructionWindow.at(ea, true, count);
    }
  }

  long DEFAULT_COUNT = 1000;

  Pattern INSTRUCTIONS =
      Pattern.compile(
          "insn(?::(?<start>\\d{1,18}|@0x[0-9a-fA-F]{1,16}|@[A-Za-z_.$][\\w.$]*))?"
              + "(?:\\+(?<count>[1-9]\\d{0,17}))?(?:,(?<file>.+))?");

  /**
   * What is asked for.
   *
   * @throws ConfigError for something that begins like a window of instructions but is none
   */
  static TraceOption of(String text) {
    if (!text.matches("insn(?:[:+,].*)?")) {
      return new Tracepoints(Path.of(text));
    }
    Matcher parts = INSTRUCTIONS.matcher(text);
    if (!parts.matches()) {
      throw new ConfigError("--trace", '"' + text + '"', "insn[:START][+COUNT][,FILE]");
    }
    String start = parts.group("start");
    String count = parts.group("count");
    return new Instructions(
        start == null ? "0" : start,
        count == null ? DEFAULT_COUNT : Long.parseLong(count),
        Optional.ofNullable(parts.group("file")).map(Path::of));
  }
}
