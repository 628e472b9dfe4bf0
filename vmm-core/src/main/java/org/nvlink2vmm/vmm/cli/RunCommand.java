package org.nvlink2vmm.vmm.cli;

import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.nvlink2vmm.vmm.guest.BuiltinGuests;
import org.nvlink2vmm.vmm.guest.Guest;
import org.nvlink2vmm.vmm.guest.GuestReport;
import org.nvlink2vmm.vmm.guest.GuestStopped;
import org.nvlink2vmm.vmm.machine.ConfigError;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.RealGuest;
import org.nvlink2vmm.vmm.vcpu.ExecutionMode;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm run}. */
@Command(
    name = "run",
    description = "Builds a machine, starts a guest on it, prints what the guest found and did.",
    footer = {"", "Example: vmm run witherspoon-6gpu --kernel vmlinux --gdb :1234"})
final class RunCommand implements Callable<Integer> {
  private static final int DEFAULT_TIMEOUT = 120;
  private static final Duration NO_LIMIT = Duration.ofDays(100_000);

  @Mixin private Common common;
  @Mixin private MachineArgument machine;

  @Option(
      names = "--guest",
      paramLabel = "NAME",
      description = "The simulated guest: nvlink2-probe (default) or ats-stress.")
  private String guest = "nvlink2-probe";

  @Option(
      names = "--seconds",
      paramLabel = "SECONDS",
      description = "How long ats-stress works (default 5).")
  private int seconds = 5;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Option(
      names = "--kernel",
      paramLabel = "FILE",
      description = "A PowerPC64 ELF kernel to execute instead.")
  private Optional<Path> kernel = Optional.empty();

  @Option(names = "--initrd", paramLabel = "FILE", description = "Its initial RAM disk.")
  private Optional<Path> initrd = Optional.empty();

  @Option(names = "--append", paramLabel = "TEXT", description = "Its command line.")
  private String append = "console=hvc0";

  @Option(
      names = "--vcpu",
      paramLabel = "HOW",
      description =
          "How it is executed: interpret, compile (all of it, for tests), or auto (default).")
  private String vcpu = "auto";

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "End it after that time (default 120; with --gdb never).")
  private Optional<Integer> timeout = Optional.empty();

  @Option(
      names = "--gdb",
      paramLabel = "[HOST]:PORT",
      description =
          "Hold the kernel at its first instruction until gdb connects there and continues; without"
              + " HOST on the loopback interface. Port 0 is any free one.")
  private Optional<String> gdb = Optional.empty();

  @Option(
      names = "--trace",
      paramLabel = "FILE|insn",
      description = {
        "FILE: the host kernel's vfio_pci tracepoints, one line an event.",
        "insn[:START][+COUNT][,FILE]: the kernel's instructions, one line each: cpu, instructions"
            + " before, address, symbol, word, mnemonic, changed registers. START is a number of"
            + " instructions, @SYMBOL or @0xADDRESS; COUNT 1000."
      })
  private List<String> traces = List.of();

  @Override
  public Integer call() {
    return kernel.isPresent() ? execute(kernel.get()) : simulate();
  }

  private int execute(Path file) {
    Duration limit = limit();
    ExecutionMode mode =
        ExecutionMode.named(vcpu)
            .orElseThrow(
                () -> new ConfigError("--vcpu", '"' + vcpu + '"', "interpret, compile or auto"));
    Optional<InetSocketAddress> debugger = gdb.map(GdbAddress::of);
    List<TraceOption> wanted = traces.stream().map(TraceOption::of).toList();
    try (TraceFile events = tracepoints(wanted);
        Machine built = machine.build(common, UnaryOperator.identity(), events.tracepoints())) {
      // With --json the document alone goes to standard output.
      OutputStream console = json ? System.err : System.out;
      RealGuest real = new RealGuest(built, new RealGuest.Image(file, initrd, append), console);
      real.guest().partition().executionMode(mode);
      GuestExit exit;
      try (GuestObservers observers = new GuestObservers(real.guest(), common)) {
        instructions(wanted).forEach(observers::log);
        debugger.ifPresent(observers::waitForDebugger);
        exit = real.run(limit);
        observers.ended(exit);
      }
      exit.notes().forEach(common::error);
      HostReport host = HostReport.of(built);
      boolean good = exit.good() && host.passed() && built.failures().isEmpty();
      KernelReport result = new KernelReport(exit, host, good);
      if (json) {
        common.out().println(Json.text(result.json()));
      } else {
        result.print(common.verbose(), common.out());
      }
      return ExitStatus.of(good).code();
    }
  }

  private Duration limit() {
    int seconds = timeout.orElse(DEFAULT_TIMEOUT);
    if (seconds <= 0) {
      throw new ConfigError("--timeout", String.valueOf(seconds), "a number of seconds from 1");
    }
    return gdb.isPresent() && timeout.isEmpty() ? NO_LIMIT : Duration.ofSeconds(seconds);
  }

  private static List<TraceOption.Instructions> instructions(List<TraceOption> wanted) {
    return wanted.stream()
        .filter(TraceOption.Instructions.class::isInstance)
        .map(TraceOption.Instructions.class::cast)
        .toList();
  }

  private static TraceFile tracepoints(List<TraceOption> wanted) {
    List<Path> files =
        wanted.stream()
            .filter(TraceOption.Tracepoints.class::isInstance)
            .map(option -> ((TraceOption.Tracepoints) option).file())
            .toList();
    if (files.size() > 1) {
      throw new ConfigError("--trace", '"' + files.get(1).toString() + '"', "one file");
    }
    return TraceFile.open(files.stream().findFirst());
  }

  /** The guest's report; if the machine stopped it, one that says so and nothing else. */
  private static GuestReport report(Guest program, Machine built) {
    try {
      return program.run(built.boot());
    } catch (GuestStopped e) {
      return GuestReport.stopped(program.name(), e.getMessage());
    }
  }

  private int simulate() {
    long start = System.nanoTime();
    if (seconds <= 0) {
      throw new ConfigError("--seconds", String.valueOf(seconds), "a number of seconds from 1");
    }
    Guest program =
        BuiltinGuests.find(guest, Duration.ofSeconds(seconds))
            .orElseThrow(
                () ->
                    new ConfigError(
                        "--guest", '"' + guest + '"', "one of " + BuiltinGuests.names()));
    List<TraceOption> wanted = traces.stream().map(TraceOption::of).toList();
    if (gdb.isPresent() || !instructions(wanted).isEmpty()) {
      throw new ConfigError(gdb.isPresent() ? "--gdb" : "--trace insn", "no kernel", "--kernel");
    }
    try (TraceFile events = tracepoints(wanted);
        Machine built = machine.build(common, UnaryOperator.identity(), events.tracepoints())) {
      GuestReport report = report(program, built);
      long millis = (System.nanoTime() - start) / 1_000_000;
      HostReport host = HostReport.of(built);
      boolean good = report.passed() && host.passed() && built.failures().isEmpty();
      RunReport result = new RunReport(report, host, good, millis);
      if (json) {
        common.out().println(Json.text(result.json()));
      } else {
        result.print(common.verbose(), common.out());
      }
      return ExitStatus.of(good).code();
    }
  }
}
