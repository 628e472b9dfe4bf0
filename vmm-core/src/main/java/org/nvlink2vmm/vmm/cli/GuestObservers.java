package org.nvlink2vmm.vmm.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.nvlink2vmm.vmm.vcpu.gdb.GdbServer;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import org.nvlink2vmm.vmm.vcpu.pseries.PseriesGuest;
import org.nvlink2vmm.vmm.vcpu.trace.InstructionLog;

/** Who looks at an executing kernel: a debugger, logs of instructions. */
final class GuestObservers implements AutoCloseable {
  /** Signals of POSIX that tell a debugger how a guest ended that did not exit. */
  private static final int SIGABRT = 6;

  private static final int SIGKILL = 9;
  private static final int SIGALRM = 14;

  private final PseriesGuest guest;
  private final Common common;
  private final Deque<AutoCloseable> logs = new ArrayDeque<>();
  private Optional<GdbServer> debugger = Optional.empty();

  GuestObservers(PseriesGuest guest, Common common) {
    this.guest = guest;
    this.common = common;
  }

  /**
   * Holds the guest for a debugger and says where.
   *
   * @throws EnvironmentError when the address cannot be listened on
   */
  void waitForDebugger(InetSocketAddress address) {
    if (address.isUnresolved()) {
      throw new EnvironmentError("--gdb: no host " + address.getHostString());
    }
    try {
      GdbServer server =
          GdbServer.listen(address, guest.partition(), guest.byteOrder(), guest::kill);
      debugger = Optional.of(server);
      guest.keepLooping(server::stuck);
      common.error(
          "held at its first instruction for a debugger: target remote "
              + GdbAddress.text(server.address()));
    } catch (IOException e) {
      throw new EnvironmentError(
          "--gdb: cannot listen on " + address.getHostString() + ":" + address.getPort());
    }
  }

  /**
   * Logs instructions.
   *
   * @throws EnvironmentError when the file cannot be written
   */
  void log(TraceOption.Instructions option) {
    PrintWriter out = option.file().map(GuestObservers::open).orElse(common.err());
    if (option.file().isPresent()) {
      logs.push(out);
    }
    logs.push(
        InstructionLog.of(
            option.window(guest.symbols()), guest.symbols(), guest.partition(), out::println));
  }

  private static PrintWriter open(Path file) {
    try {
      BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
      return new PrintWriter(writer);
    } catch (IOException _) {
      throw new EnvironmentError(file + " cannot be written");
    }
  }

  /** Tells a debugger how the guest ended. */
  void ended(GuestExit exit) {
    debugger.ifPresent(
        server -> {
          switch (exit.reason()) {
            case POWER_OFF -> server.exited(exit.status());
            case RESET, STOPPED -> server.exited(1);
            case PANIC, ENDLESS_LOOP, HALTED -> server.terminated(SIGABRT);
            case TIMEOUT -> server.terminated(SIGALRM);
            case KILLED -> server.terminated(SIGKILL);
          }
        });
  }

  @Override
  public void close() {
    debugger.ifPresent(GdbServer::close);
    while (!logs.isEmpty()) {
      try {
        logs.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
