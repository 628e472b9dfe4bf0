package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vcpu.Partition;

/**
 * The run-time services that belong to no bus: clock, power, processors, interrupts, nonvolatile
 * memory, system parameters (PAPR chapter 7; QEMU hw/ppc/spapr_rtas.c and hw/intc/xics_spapr.c).
 */
final class PlatformCalls {
  /** Bytes of nonvolatile memory; DEFAULT_NVRAM_SIZE of QEMU. */
  private static final int NVRAM_BYTES = 65536;

  private static final int SPLPAR_CHARACTERISTICS = 20;
  private static final int DIAGNOSTICS_RUN_MODE = 42;
  private static final int NO_EVENT = 1;
  private static final int CPU_STOPPED = 0;
  private static final int CPU_RUNNING = 2;

  private final Partition partition;
  private final PseriesHypervisor hypervisor;
  private final VtyConsole console;
  private final PowerControl power;
  private final byte[] nvram = new byte[NVRAM_BYTES];

  PlatformCalls(
      Partition partition, PseriesHypervisor hypervisor, VtyConsole console, PowerControl power) {
    this.partition = partition;
    this.hypervisor = hypervisor;
    this.console = console;
    this.power = power;
  }

  void addTo(RtasTable table) {
    table.add("display-character", this::displayCharacter);
    table.add("get-time-of-day", PlatformCalls::timeOfDay);
    table.add("set-time-of-day", arguments -> RtasCall.SUCCESS);
    table.add("power-off", this::powerOff);
    table.add("system-reboot", this::reboot);
    table.add("query-cpu-stopped-state", this::stoppedState);
    table.add("start-cpu", this::startCpu);
    table.add("stop-self", this::stopSelf);
    table.add("ibm,get-system-parameter", PlatformCalls::systemParameter);
    table.add("ibm,set-xive", this::setXive);
    table.add("ibm,get-xive", this::getXive);
    table.add("ibm,int-off", arguments -> enable(arguments, false));
    table.add("ibm,int-on", arguments -> enable(arguments, true));
    table.add("check-exception", arguments -> NO_EVENT);
    table.add("event-scan", arguments -> NO_EVENT);
    table.add("nvram-fetch", this::nvramFetch);
    table.add("nvram-store", this::nvramStore);
    table.add("ibm,os-term", this::osTerm);
    table.add("ibm,nmi-register", arguments -> RtasCall.SUCCESS);
    table.add("ibm,nmi-interlock", arguments -> RtasCall.SUCCESS);
  }

  private int displayCharacter(RtasArguments arguments) {
    console.put((byte) arguments.argument(0));
    return RtasCall.SUCCESS;
  }

  private static int timeOfDay(RtasArguments arguments) {
    ZonedDateTime now = Instant.now().atZone(ZoneOffset.UTC);
    int[] fields = {
      now.getYear(),
      now.getMonthValue(),
      now.getDayOfMonth(),
      now.getHour(),
      now.getMinute(),
      now.getSecond(),
      now.getNano()
    };
    for (int i = 0; i < fields.length; i++) {
      arguments.result(i + 1, fields[i]);
    }
    return RtasCall.SUCCESS;
  }

  /** A kernel passes -1; a first word of 0 to 255 is how a guest program says its exit status. */
  private int powerOff(RtasArguments arguments) {
    int status = arguments.inputs() > 0 ? arguments.argument(0) : -1;
    power.off(status >= 0 && status <= 255 ? status : 0);
    return RtasCall.SUCCESS;
  }

  private int reboot(RtasArguments arguments) {
    power.reset();
    return RtasCall.SUCCESS;
  }

  private int osTerm(RtasArguments arguments) {
    power.panic(text(arguments.space(), arguments.unsigned(0)));
    return RtasCall.SUCCESS;
  }

  private static String text(AddressSpace space, long gpa) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 256; i++) {
      char c = (char) space.read(gpa + i, 1, ByteOrder.BIG_ENDIAN);
      if (c == 0) {
        break;
      }
      text.append(c >= ' ' && c < 127 ? c : '.');
    }
    return text.toString();
  }

  private int stoppedState(RtasArguments arguments) {
    int id = arguments.argument(0);
    if (id < 0 || id >= partition.vcpus().size()) {
      return RtasCall.PARAMETER_ERROR;
    }
    arguments.result(1, power.running(id) ? CPU_RUNNING : CPU_STOPPED);
    return RtasCall.SUCCESS;
  }

  private int startCpu(RtasArguments arguments) {
    int id = arguments.argument(0);
    if (id < 0 || id >= partition.vcpus().size()) {
      return RtasCall.PARAMETER_ERROR;
    }
    boolean started = power.start(id, arguments.unsigned(1), arguments.unsigned(2));
    return started ? RtasCall.SUCCESS : RtasCall.HARDWARE_ERROR;
  }

  private int stopSelf(RtasArguments arguments) {
    arguments.vcpu().stop();
    return RtasCall.SUCCESS;
  }

  private static int systemParameter(RtasArguments arguments) {
    byte[] value;
    switch (arguments.argument(0)) {
      case SPLPAR_CHARACTERISTICS ->
          value =
              "MaxEntCap=1,DesMem=0,DesProcs=1,MaxPlatProcs=1\0"
                  .getBytes(StandardCharsets.US_ASCII);
      case DIAGNOSTICS_RUN_MODE -> value = new byte[] {0};
      default -> {
        return RtasCall.NOT_SUPPORTED;
      }
    }
    long buffer = arguments.unsigned(1);
    int room = arguments.argument(2);
    AddressSpace space = arguments.space();
    if (room >= 2) {
      space.write(buffer, 2, value.length, ByteOrder.BIG_ENDIAN);
    }
    for (int i = 0; i < value.length && i + 2 < room; i++) {
      space.write(buffer + 2 + i, 1, value[i], ByteOrder.BIG_ENDIAN);
    }
    return RtasCall.SUCCESS;
  }

  private int setXive(RtasArguments arguments) {
    boolean done =
        hypervisor
            .interrupts()
            .route(arguments.argument(0), arguments.argument(1), arguments.argument(2));
    return done ? RtasCall.SUCCESS : RtasCall.PARAMETER_ERROR;
  }

  private int getXive(RtasArguments arguments) {
    int route = hypervisor.interrupts().routeOf(arguments.argument(0));
    if (route < 0) {
      return RtasCall.PARAMETER_ERROR;
    }
    arguments.result(1, route >> 8);
    arguments.result(2, route & 0xff);
    return RtasCall.SUCCESS;
  }

  private int enable(RtasArguments arguments, boolean on) {
    return hypervisor.interrupts().enable(arguments.argument(0), on)
        ? RtasCall.SUCCESS
        : RtasCall.PARAMETER_ERROR;
  }

  private int nvramFetch(RtasArguments arguments) {
    int offset = arguments.argument(0);
    int length = arguments.argument(2);
    if (outsideNvram(offset, length)) {
      return RtasCall.PARAMETER_ERROR;
    }
    synchronized (nvram) {
      for (int i = 0; i < length; i++) {
        arguments
            .space()
            .write(arguments.unsigned(1) + i, 1, nvram[offset + i], ByteOrder.BIG_ENDIAN);
      }
    }
    arguments.result(1, length);
    return RtasCall.SUCCESS;
  }

  private int nvramStore(RtasArguments arguments) {
    int offset = arguments.argument(0);
    int length = arguments.argument(2);
    if (outsideNvram(offset, length)) {
      return RtasCall.PARAMETER_ERROR;
    }
    synchronized (nvram) {
      for (int i = 0; i < length; i++) {
        nvram[offset + i] =
            (byte) arguments.space().read(arguments.unsigned(1) + i, 1, ByteOrder.BIG_ENDIAN);
      }
    }
    arguments.result(1, length);
    return RtasCall.SUCCESS;
  }

  private static boolean outsideNvram(int offset, int length) {
    return offset < 0 || length < 0 || offset > NVRAM_BYTES - length || length > NVRAM_BYTES;
  }
}
