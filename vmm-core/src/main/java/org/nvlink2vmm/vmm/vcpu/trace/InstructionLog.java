package org.nvlink2vmm.vmm.vcpu.trace;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.vcpu.InstructionTrace;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;

/** Logs a window of each thread's instructions; the threads go at full speed behind it. */
public final class InstructionLog implements InstructionTrace, AutoCloseable {
  private static final int LR = 32;
  private static final int CTR = 33;
  private static final int CR = 34;
  private static final int XER = 35;
  private static final int MSR = 36;
  private static final String[] NAMES = new String[MSR + 1];

  static {
    Arrays.setAll(NAMES, i -> "r" + i);
    NAMES[LR] = "lr";
    NAMES[CTR] = "ctr";
    NAMES[CR] = "cr";
    NAMES[XER] = "xer";
    NAMES[MSR] = "msr";
  }

  private final InstructionWindow window;
  private final KernelSymbols symbols;
  private final Consumer<String> lines;
  private final List<Vcpu> vcpus;
  private final Track[] tracks;

  /** One thread in its window. */
  private static final class Track {
    private final long[] before = new long[NAMES.length];
    private final long[] after = new long[NAMES.length];
    private boolean open;
    private boolean pending;
    private long left;
    private long number;
    private long pc;
    private long word;
  }

  private InstructionLog(
      InstructionWindow window,
      KernelSymbols symbols,
      Partition partition,
      Consumer<String> lines) {
    this.window = window;
    this.symbols = symbols;
    this.lines = lines;
    this.vcpus = partition.vcpus();
    this.tracks = new Track[vcpus.size()];
    Arrays.setAll(tracks, i -> new Track());
  }

  /**
   * Begins to look at all threads, which do not run yet.
   *
   * @param lines takes a line, without its end, on any thread
   */
  public static InstructionLog of(
      InstructionWindow window,
      KernelSymbols symbols,
      Partition partition,
      Consumer<String> lines) {
    InstructionLog log = new InstructionLog(window, symbols, partition, lines);
    log.vcpus.forEach(vcpu -> vcpu.debug().add(log));
    return log;
  }

  @Override
  public void before(Vcpu vcpu) {
    Track track = tracks[vcpu.id()];
    if (!track.open) {
      if (!window.begins(vcpu.pc(), vcpu.instructions())) {
        return;
      }
      track.open = true;
      track.left = window.count();
    }
    finish(vcpu, track);
    if (track.left == 0) {
      vcpu.debug().remove(this);
      return;
    }
    track.left--;
    track.pending = true;
    track.number = vcpu.instructions();
    track.pc = vcpu.pc();
    track.word = vcpu.debug().word(vcpu.pc());
    read(vcpu, track.before);
  }

  private void finish(Vcpu vcpu, Track track) {
    if (!track.pending) {
      return;
    }
    track.pending = false;
    read(vcpu, track.after);
    StringBuilder line = new StringBuilder(96);
    line.append("cpu ").append(vcpu.id()).append(' ').append(track.number);
    line.append(" %016x ".formatted(track.pc)).append(symbols.at(track.pc).orElse("-"));
    if (track.word < 0) {
      line.append(" -------- -");
    } else {
      line.append(" %08x ".formatted(track.word)).append(Decoder.mnemonic((int) track.word));
    }
    for (int i = 0; i < NAMES.length; i++) {
      if (track.before[i] != track.after[i]) {
        line.append(' ').append(NAMES[i]).append('=').append(Long.toHexString(track.after[i]));
      }
    }
    lines.accept(line.toString());
  }

  private static void read(Vcpu vcpu, long[] registers) {
    for (int i = 0; i < 32; i++) {
      registers[i] = vcpu.gpr(i);
    }
    registers[LR] = vcpu.lr();
    registers[CTR] = vcpu.ctr();
    registers[CR] = vcpu.cr() & 0xffffffffL;
    registers[XER] = vcpu.xer();
    registers[MSR] = vcpu.msr();
  }

  /** Writes what is outstanding. To be called when no thread runs. */
  @Override
  public void close() {
    for (Vcpu vcpu : vcpus) {
      vcpu.debug().remove(this);
      finish(vcpu, tracks[vcpu.id()]);
    }
  }
}
