package org.nvlink2vmm.it.differential;

import static org.nvlink2vmm.it.differential.Payloads.DEVICE_RESET;
import static org.nvlink2vmm.it.differential.Payloads.GET_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_IRQ_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_IO_FDS;
import static org.nvlink2vmm.it.differential.Payloads.REGION_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.VERSION;
import static org.nvlink2vmm.it.differential.Payloads.info;
import static org.nvlink2vmm.it.differential.Payloads.irqInfo;
import static org.nvlink2vmm.it.differential.Payloads.regionInfo;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;

/** Versions, messages that are wrong before their command is looked at, and what a device is. */
final class BasicScripts {
  private static final int TOO_LONG = (1 << 20) + 33;
  private static final String QEMU =
      "{\"capabilities\":{\"pgsizes\":4096,\"max_msg_fds\":16,\"max_dma_maps\":65535,"
          + "\"max_data_xfer_size\":1048576,\"migration\":{\"max_bitmap_size\":268435456,"
          + "\"pgsize\":4096},\"write_multiple\":true}}";

  private BasicScripts() {}

  static List<Script> all() {
    List<Script> all = new ArrayList<>();
    versions(all);
    headers(all);
    stream(all);
    deviceInfo(all);
    return all;
  }

  private static Script version(String name, byte[] payload) {
    return Script.connected("version: " + name).ask(VERSION, payload);
  }

  private static void versions(List<Script> all) {
    for (String json :
        new String[] {
          "",
          "{}",
          "{\"capabilities\":{}}",
          QEMU,
          "{\"other\":1}",
          "{\"capabilities\":{\"other\":{}}}"
        }) {
      for (int minor = 0; minor < 4; minor++) {
        all.add(
            version("minor " + minor + " " + json, RawClient.version(0, minor, json))
                .stillServes());
      }
    }
    for (String json :
        new String[] {
          "{",
          "\"",
          "[]",
          "x",
          "{\"capabilities\":\"23\"}",
          "{\"capabilities\":{\"max_msg_fds\":\"foo\"}}",
          "{\"capabilities\":{\"max_msg_fds\":-1}}",
          "{\"capabilities\":{\"max_msg_fds\":1025}}",
          "{\"capabilities\":{\"max_msg_fds\":1.5}}",
          "{\"capabilities\":{\"max_data_xfer_size\":\"x\"}}",
          "{\"capabilities\":{\"migration\":\"23\"}}",
          "{\"capabilities\":{\"migration\":{\"pgsize\":\"foo\"}}}",
          "{\"capabilities\":{\"migration\":{\"pgsize\":4095}}}",
          "{\"capabilities\":{\"write_multiple\":3}}"
        }) {
      all.add(version("bad " + json, RawClient.version(0, 0, json)).stillServes());
    }
    all.add(version("major", RawClient.version(1, 0, "")).stillServes());
    all.add(version("no zero at the end", "\0\0\0\0{}".getBytes(StandardCharsets.UTF_8)));
    all.add(version("short", new byte[3]));
    all.add(version("empty", new byte[0]));
    all.add(Script.connected("version: too long").header(VERSION, 0, TOO_LONG, new byte[0]));
    all.add(Script.connected("version: another command first").ask(999, new byte[8]));
    all.add(Script.connected("version: info first").stillServes());
    all.add(Script.of("version: twice").ask(VERSION, RawClient.version(0, 0, "")).stillServes());
  }

  private static void headers(List<Script> all) {
    for (int size : new int[] {0, 1, 15, TOO_LONG, Integer.MAX_VALUE, -1}) {
      all.add(
          Script.of("header: size %d".formatted(size))
              .header(GET_INFO, 0, size, new byte[0])
              .stillServes());
    }
    for (int flags : new int[] {1, 2, 15, 0x21}) {
      all.add(
          Script.of("header: flags %d".formatted(flags))
              .ask(RawClient.message(5, 11, flags, new byte[16]))
              .stillServes());
    }
    for (int command : new int[] {0, 11, 12, 14, 15, 19, 999, 65535}) {
      all.add(
          Script.of("header: command %d".formatted(command))
              .ask(command, new byte[64])
              .stillServes());
    }
    for (int command = 1; command <= 18; command++) {
      if (command == DEVICE_RESET) {
        continue;
      }
      Script shorts = Script.of("header: short command %d".formatted(command));
      for (int size : new int[] {0, 1, 4, 7}) {
        shorts.ask(command, new byte[size]);
      }
      all.add(shorts.stillServes());
    }
    all.add(Script.of("header: reset").ask(DEVICE_RESET, new byte[0]).stillServes());
    all.add(Script.of("header: reset with payload").ask(DEVICE_RESET, new byte[4]).stillServes());
    all.add(
        Script.of("header: no reply")
            .tell(999, new byte[8])
            .tell(REGION_WRITE, Payloads.write32(TwinDevice.REGISTERS, 0, 0xabcd))
            .tell(DEVICE_RESET, new byte[0])
            .tell(REGION_WRITE, Payloads.write32(TwinDevice.REGISTERS, 4, 0xabce))
            .ask(REGION_READ, Payloads.access(TwinDevice.REGISTERS, 0, 8)));
    all.add(
        Script.of("header: descriptors where none are taken")
            .ask(GET_INFO, info(16), Fd.EVENT0, Fd.EVENT1)
            .ask(REGION_READ, Payloads.access(TwinDevice.REGISTERS, 0, 8), Fd.EVENT0)
            .ask(999, info(16), Fd.RAM)
            .stillServes());
  }

  private static void stream(List<Script> all) {
    byte[] write = Payloads.write32(TwinDevice.REGISTERS, 0, 7);
    all.add(Script.of("stream: cut in the header").split(7, REGION_WRITE, write).stillServes());
    all.add(Script.of("stream: cut in the payload").split(20, REGION_WRITE, write).stillServes());
    all.add(Script.of("stream: cut between").split(16, REGION_WRITE, write).stillServes());
  }

  private static void deviceInfo(List<Script> all) {
    Script infos = Script.of("info");
    for (int argsz : new int[] {16, 17, 32, 4096}) {
      infos.ask(GET_INFO, info(argsz));
    }
    infos.ask(GET_INFO, new byte[8]).ask(GET_INFO, info(8)).ask(GET_INFO, info(15));
    all.add(infos);
    for (int index = 0; index < 9; index++) {
      for (int argsz : new int[] {32, 40, 79, 80, 4096}) {
        all.add(
            Script.of("region %d: argsz %d".formatted(index, argsz))
                .ask(GET_REGION_INFO, regionInfo(argsz, index)));
      }
    }
    for (int argsz : new int[] {0, 8, 31}) {
      all.add(
          Script.of("region: argsz %d".formatted(argsz))
              .ask(GET_REGION_INFO, regionInfo(argsz, 0)));
    }
    for (int index : new int[] {9, 10, -1}) {
      all.add(
          Script.of("region: index %d".formatted(index))
              .ask(GET_REGION_INFO, regionInfo(32, index)));
    }
    all.add(
        Script.of("region: longer request")
            .ask(GET_REGION_INFO, java.util.Arrays.copyOf(regionInfo(128, 0), 128)));
    irqInfo(all);
    ioFds(all);
  }

  private static void irqInfo(List<Script> all) {
    Script irqs = Script.of("irq info");
    for (int index = 0; index < 5; index++) {
      irqs.ask(GET_IRQ_INFO, Payloads.irqInfo(16, index));
      irqs.ask(GET_IRQ_INFO, Payloads.irqInfo(32, index));
    }
    irqs.ask(GET_IRQ_INFO, new byte[8]).ask(GET_IRQ_INFO, Payloads.irqInfo(8, 0));
    irqs.ask(GET_IRQ_INFO, Payloads.irqInfo(16, 5)).ask(GET_IRQ_INFO, Payloads.irqInfo(16, -1));
    all.add(irqs);
  }

  private static void ioFds(List<Script> all) {
    for (int index : new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 512, -1}) {
      all.add(
          Script.of("io fds: region %d".formatted(index))
              .ask(GET_REGION_IO_FDS, RawClient.words(16, 0, index, 0)));
    }
    int[][] wrong = {
      {16, 1, 0, 0}, {16, 0, 0, 1}, {15, 0, 0, 0}, {(1 << 20) + 1, 0, 0, 0}, {1 << 20, 0, 0, 0}
    };
    for (int[] row : wrong) {
      all.add(
          Script.of("io fds: %s".formatted(List.of(row[0], row[1], row[3])))
              .ask(GET_REGION_IO_FDS, RawClient.words(row)));
    }
  }
}
