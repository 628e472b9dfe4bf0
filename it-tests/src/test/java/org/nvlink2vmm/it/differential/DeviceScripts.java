package org.nvlink2vmm.it.differential;

import static org.nvlink2vmm.it.differential.Payloads.DEVICE_RESET;
import static org.nvlink2vmm.it.differential.Payloads.FEATURE;
import static org.nvlink2vmm.it.differential.Payloads.GET_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_INFO;
import static org.nvlink2vmm.it.differential.Payloads.MIG_DATA_READ;
import static org.nvlink2vmm.it.differential.Payloads.MIG_DATA_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.REGION_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.SET_IRQS;
import static org.nvlink2vmm.it.differential.Payloads.WRITE_MULTI;
import static org.nvlink2vmm.it.differential.Payloads.access;
import static org.nvlink2vmm.it.differential.Payloads.irqs;
import static org.nvlink2vmm.it.differential.Payloads.regionInfo;
import static org.nvlink2vmm.it.differential.Payloads.state;
import static org.nvlink2vmm.it.differential.Payloads.write16;
import static org.nvlink2vmm.it.differential.Payloads.write32;
import static org.nvlink2vmm.it.differential.Payloads.write8;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;

/** Region accesses, configuration space, interrupts and migration. */
final class DeviceScripts {
  private static final int LIMIT = 1 << 20;
  private static final int TRIGGER = 0x20;
  private static final int NONE = 1;
  private static final int BOOL = 2;
  private static final int EVENTFD = 4;
  private static final int MSI = 1;

  private DeviceScripts() {}

  static List<Script> all() {
    List<Script> all = new ArrayList<>();
    accesses(all);
    configuration(all);
    wrongInterrupts(all);
    interrupts(all);
    states(all);
    migrationData(all);
    wrongFeatures(all);
    return all;
  }

  private static byte[] data(int count) {
    byte[] data = new byte[count];
    new Random(count).nextBytes(data);
    return data;
  }

  private static void accesses(List<Script> all) {
    int[] sizes = {
      TwinDevice.REGISTERS_SIZE,
      TwinDevice.SPARSE_SIZE,
      TwinDevice.MEMORY_SIZE,
      0,
      TwinDevice.BROKEN_SIZE,
      0,
      0,
      4096,
      0
    };
    for (int region = 0; region < sizes.length; region++) {
      long size = sizes[region];
      boolean plain = region <= TwinDevice.MEMORY;
      for (int count : new int[] {0, 1, 2, 3, 4, 8, 64, 4096}) {
        Script script = Script.of("access: region %d, %d bytes".formatted(region, count));
        if (plain) {
          script.ask(REGION_WRITE, access(region, 0x1000, count, data(count)));
        }
        all.add(script.ask(REGION_READ, access(region, plain ? 0x1000 : 0, count)));
      }
      long[][] edges = {
        {size, 0},
        {size, 1},
        {size - 4, 4},
        {size - 3, 4},
        {size + 1, 0},
        {-1, 1},
        {-4, 4},
        {-1, 256},
        {0, LIMIT + 1},
        {0, -1}
      };
      for (long[] edge : edges) {
        all.add(
            Script.of("access: region %d, offset %d, %d bytes".formatted(region, edge[0], edge[1]))
                .ask(REGION_READ, access(region, edge[0], (int) edge[1])));
      }
    }
    for (int region : new int[] {9, 10, -1}) {
      all.add(
          Script.of("access: region %d".formatted(region)).ask(REGION_READ, access(region, 0, 4)));
    }
    all.add(Script.of("access: data short").ask(REGION_WRITE, access(0, 0, 8, data(7))));
    all.add(Script.of("access: data long").ask(REGION_WRITE, access(0, 0, 8, data(9))));
    all.add(Script.of("access: broken").ask(REGION_WRITE, access(4, 0, 4, data(4))));
    for (int count : new int[] {65536, 200_000, LIMIT}) {
      all.add(
          Script.of("access: bulk of %d".formatted(count))
              .ask(REGION_WRITE, access(TwinDevice.MEMORY, 12, count, data(count)))
              .ask(REGION_READ, access(TwinDevice.MEMORY, 12, count)));
    }
    all.add(
        Script.of("access: through the file")
            .ask(REGION_WRITE, access(TwinDevice.SPARSE, 0x8010, 64, data(64)))
            .ask(GET_REGION_INFO, regionInfo(80, TwinDevice.SPARSE))
            .regionFile(0x8000, 128));
    all.add(
        Script.of("access: reset clears")
            .ask(REGION_WRITE, access(0, 0, 4, data(4)))
            .ask(DEVICE_RESET, new byte[0])
            .ask(REGION_READ, access(0, 0, 4)));
    byte[] multi =
        RawClient.bytes(56).u64(2).u64(0).u32(0).u32(4).u64(1).u64(8).u32(0).u32(8).u64(2).array();
    all.add(
        Script.negotiated("{\"capabilities\":{\"write_multiple\":true}}", "access: multi")
            .ask(WRITE_MULTI, multi));
    all.add(Script.of("access: multi, not agreed").ask(WRITE_MULTI, multi));
  }

  /** What QEMU, firmware and Linux do to configuration space. */
  private static void configuration(List<Script> all) {
    int config = TwinDevice.CONFIG;
    all.add(Script.of("config: header").ask(REGION_READ, access(config, 0, 0x24)));
    all.add(Script.of("config: BAR5").ask(REGION_READ, access(config, 0x24, 4)));
    all.add(
        Script.of("config: behind the BARs").ask(REGION_READ, access(config, 0x28, 4096 - 0x28)));
    for (int bar = 0; bar < 6; bar++) {
      all.add(
          Script.of("config: size of BAR%d".formatted(bar))
              .ask(REGION_WRITE, write32(config, 0x10 + 4 * bar, -1))
              .ask(REGION_READ, access(config, 0x10 + 4 * bar, 4))
              .ask(REGION_WRITE, write32(config, 0x10 + 4 * bar, 0))
              .ask(REGION_READ, access(config, 0x10 + 4 * bar, 4)));
    }
    all.add(writeRead("size of the ROM", write32(config, 0x30, 0xfffff800), 0x30, 4));
    for (int command : new int[] {0, 1, 2, 4, 6, 7, 0x10, 0x100, 0x400, 0x406, 0x140, 0x28, -1}) {
      all.add(writeRead("command " + command, write16(config, 4, command), 4, 2));
    }
    all.add(writeRead("status", write16(config, 6, -1), 4, 4));
    all.add(writeRead("cache line", write8(config, 0xc, 0x20), 0xc, 1));
    all.add(writeRead("latency", write8(config, 0xd, 0x20), 0xd, 1));
    all.add(writeRead("interrupt line", write8(config, 0x3c, 11), 0x3c, 1));
    all.add(writeRead("interrupt pin", write8(config, 0x3d, 2), 0x3d, 1));
    all.add(writeRead("ids", write32(config, 0, -1), 0, 4));
    all.add(writeRead("class", write32(config, 8, -1), 8, 4));
    all.add(writeRead("subsystem", write32(config, 0x2c, -1), 0x2c, 4));
    all.add(writeRead("capability header", write16(config, 0x40, 0), 0x40, 2));
    all.add(writeRead("power state", write16(config, 0x44, 3), 0x44, 2));
    all.add(writeRead("power capabilities", write16(config, 0x42, -1), 0x42, 2));
    all.add(writeRead("MSI on", write16(config, 0x52, 0x71), 0x52, 2));
    all.add(writeRead("MSI vectors", write16(config, 0x52, 0x31), 0x52, 2));
    all.add(writeRead("MSI address", write32(config, 0x54, 0xfee0_1004), 0x54, 4));
    all.add(writeRead("MSI address, upper", write32(config, 0x58, 1), 0x58, 4));
    all.add(writeRead("MSI data", write16(config, 0x5c, 0x4041), 0x5c, 2));
    all.add(writeRead("HDA bit", write32(config, 0x488, 0x0200_0000), 0x488, 4));
    all.add(
        Script.of("config: reset")
            .ask(REGION_WRITE, write16(config, 4, 7))
            .ask(DEVICE_RESET, new byte[0])
            .ask(REGION_READ, access(config, 4, 2)));
  }

  private static Script writeRead(String name, byte[] write, long offset, int count) {
    return Script.of("config: " + name)
        .ask(REGION_WRITE, write)
        .ask(REGION_READ, access(TwinDevice.CONFIG, offset, count));
  }

  private static void wrongInterrupts(List<Script> all) {
    int[][] rows = {
      {3, 0x21, 2, 0, 1}, {19, 0x21, 2, 0, 1}, {20, 0x21, 5, 0, 1}, {20, 0x21, -1, 0, 1},
      {20, 0x19, 2, 0, 1}, {20, 0x29, 2, 0, 1}, {20, 0x1, 2, 0, 1}, {20, 0x20, 2, 0, 1},
      {20, 0x23, 2, 0, 1}, {20, 0x25, 2, 0, 1}, {20, 0x61, 2, 0, 1}, {20, 0x21, 2, 2047, 2},
      {20, 0x21, 2, 2049, 1}, {20, 0x21, 2, 2048, 1}, {20, 0x21, 2, 284, -1}, {20, 0x9, 3, 0, 1},
      {20, 0x11, 4, 0, 1}, {20, 0x21, 3, 0, 2}, {20, 0x21, 4, 0, 2}, {20, 0x9, 2, 1, 0},
      {20, 0x9, 2, 0, 0}, {20, 0x22, 2, 0, 0}, {20, 0x24, 2, 0, 0}, {20, 0x21, 2, 1, 0},
      {20, 0x21, 0, 0, 2}, {20, 0x22, 1, 0, 2}
    };
    for (int[] row : rows) {
      all.add(
          Script.of(
                  "irqs: wrong 0x%x %d %d+%d argsz %d"
                      .formatted(row[1], row[2], row[3], row[4], row[0]))
              .ask(SET_IRQS, irqs(row[0], row[1], row[2], row[3], row[4])));
    }
    all.add(Script.of("irqs: short").ask(SET_IRQS, new byte[8]));
    for (int bytes : new int[] {1, 3}) {
      all.add(
          Script.of("irqs: bools %d for 2".formatted(bytes))
              .ask(SET_IRQS, irqs(20 + bytes, BOOL | TRIGGER, MSI, 0, 2, new int[bytes])));
    }
    byte[][] takeNone = {
      irqs(21, BOOL | TRIGGER, MSI, 0, 1, 1),
      irqs(20, NONE | TRIGGER, MSI, 0, 1),
      irqs(20, NONE | TRIGGER, MSI, 0, 0),
      irqs(20, EVENTFD | TRIGGER, MSI, 0, 2),
      irqs(20, EVENTFD | TRIGGER, MSI, 0, 3)
    };
    for (int i = 0; i < takeNone.length; i++) {
      all.add(
          Script.of("irqs: descriptor too many %d".formatted(i))
              .ask(SET_IRQS, takeNone[i], Fd.EVENT0));
    }
    all.add(
        Script.of("irqs: no eventfd")
            .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, MSI, 0, 1), Fd.RAM));
    all.add(
        Script.of("irqs: eventfd for unmasking")
            .ask(SET_IRQS, irqs(20, EVENTFD | 0x10, 0, 0, 1), Fd.EVENT0));
  }

  private static Script assigned(String name, int index, int start) {
    return Script.of("irqs: " + name)
        .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, index, start, 2), Fd.EVENT0, Fd.EVENT1);
  }

  private static void interrupts(List<Script> all) {
    byte[] fire3 = write32(TwinDevice.REGISTERS, TwinDevice.FIRE, 3);
    all.add(assigned("the device fires", MSI, 3).ask(REGION_WRITE, fire3).signals());
    all.add(
        assigned("the client fires", MSI, 3)
            .ask(SET_IRQS, irqs(20, NONE | TRIGGER, MSI, 4, 1))
            .signals()
            .ask(SET_IRQS, irqs(22, BOOL | TRIGGER, MSI, 3, 2, 1, 0))
            .signals()
            .ask(SET_IRQS, irqs(22, BOOL | TRIGGER, MSI, 3, 2, 0, 1))
            .signals());
    all.add(
        assigned("a bool that is neither 0 nor 1", MSI, 0)
            .ask(SET_IRQS, irqs(22, BOOL | TRIGGER, MSI, 0, 2, 1, 2))
            .signals());
    all.add(
        assigned("the second replaces", MSI, 3)
            .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, MSI, 3, 1), Fd.EVENT1)
            .ask(REGION_WRITE, fire3)
            .signals());
    all.add(
        assigned("all are taken away", MSI, 3)
            .ask(SET_IRQS, irqs(20, NONE | TRIGGER, MSI, 0, 0))
            .ask(REGION_WRITE, fire3)
            .signals());
    all.add(
        assigned("the first is taken away", MSI, 0)
            .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, MSI, 0, 1))
            .ask(SET_IRQS, irqs(20, NONE | TRIGGER, MSI, 0, 2))
            .signals());
    all.add(
        assigned("another one is taken away", MSI, 0)
            .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, MSI, 1, 1))
            .ask(SET_IRQS, irqs(20, NONE | TRIGGER, MSI, 0, 2))
            .signals());
    all.add(
        assigned("MSI-X", 2, 2046).ask(SET_IRQS, irqs(20, NONE | TRIGGER, 2, 2046, 2)).signals());
    all.add(
        assigned("two indexes at once", 2, 0)
            .ask(SET_IRQS, irqs(20, NONE | TRIGGER, MSI, 0, 1))
            .signals());
    for (int index : new int[] {0, 3, 4}) {
      all.add(
          Script.of("irqs: one vector of index %d".formatted(index))
              .ask(SET_IRQS, irqs(20, EVENTFD | TRIGGER, index, 0, 1), Fd.EVENT0)
              .ask(SET_IRQS, irqs(20, NONE | TRIGGER, index, 0, 1))
              .signals()
              .ask(SET_IRQS, irqs(20, NONE | TRIGGER, index, 0, 0))
              .ask(SET_IRQS, irqs(20, NONE | TRIGGER, index, 0, 1))
              .signals());
    }
    byte[] readMasked = access(TwinDevice.REGISTERS, TwinDevice.MASKED, 4);
    all.add(
        Script.of("irqs: INTx is masked by the device")
            .ask(SET_IRQS, irqs(20, NONE | 8, 0, 0, 1))
            .ask(REGION_READ, readMasked)
            .ask(SET_IRQS, irqs(20, NONE | 0x10, 0, 0, 1))
            .ask(REGION_READ, readMasked));
    all.add(
        assigned("a masked vector waits", MSI, 3)
            .ask(SET_IRQS, irqs(20, NONE | 8, MSI, 3, 1))
            .ask(REGION_WRITE, fire3)
            .signals());
    all.add(
        assigned("masking by bools", MSI, 3)
            .ask(SET_IRQS, irqs(22, BOOL | 8, MSI, 3, 2, 1, 0))
            .ask(SET_IRQS, irqs(22, BOOL | 0x10, MSI, 3, 2, 1, 0)));
  }

  private static void states(List<Script> all) {
    for (int from : new int[] {1, 2, 3, 4, 6}) {
      for (int to = 0; to < 9; to++) {
        all.add(
            Script.of("migration: %d to %d".formatted(from, to))
                .ask(FEATURE, state(from))
                .ask(FEATURE, state(to))
                .ask(FEATURE, RawClient.words(16, 2 | 1 << 16)));
      }
    }
    for (int state = 1; state < 5; state++) {
      all.add(
          Script.of("migration: info in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(GET_INFO, Payloads.info(16)));
      all.add(
          Script.of("migration: read in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(REGION_READ, access(0, 0, 4)));
      all.add(
          Script.of("migration: write in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(REGION_WRITE, write32(0, 0, 1)));
      all.add(
          Script.of("migration: map in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(Payloads.DMA_MAP, Payloads.map(3, 0, 0, 4096), Fd.RAM));
      all.add(
          Script.of("migration: reset in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(DEVICE_RESET, new byte[0]));
    }
  }

  private static void migrationData(List<Script> all) {
    byte[] registers = data(3000);
    Script save = Script.of("migration: save").ask(REGION_WRITE, access(0, 0, 3000, registers));
    save.ask(FEATURE, state(3));
    for (int size : new int[] {1000, 2000, 64}) {
      save.ask(MIG_DATA_READ, RawClient.words(8 + size, size));
    }
    all.add(save);
    Script restore = Script.of("migration: restore").ask(FEATURE, state(4));
    restore.ask(MIG_DATA_WRITE, RawClient.bytes(3008).u32(3008).u32(3000).put(registers).array());
    restore.ask(FEATURE, state(2)).ask(REGION_READ, access(0, 0, 3000));
    all.add(restore);
    for (int state = 1; state < 5; state++) {
      all.add(
          Script.of("migration: data in state %d".formatted(state))
              .ask(FEATURE, state(state))
              .ask(MIG_DATA_READ, RawClient.words(16, 8))
              .ask(MIG_DATA_WRITE, RawClient.words(16, 8, 1, 2)));
    }
    int[][] reads = {{16, LIMIT + 1}, {15, 8}, {8, 0}};
    for (int[] row : reads) {
      all.add(
          Script.of("migration: data read %d %d".formatted(row[0], row[1]))
              .ask(FEATURE, state(3))
              .ask(MIG_DATA_READ, RawClient.words(row)));
    }
    int[][] writes = {{16, 8, 1}, {16, -1, 1, 2}, {8, 0}, {12, 8, 1, 2}};
    for (int[] row : writes) {
      all.add(
          Script.of("migration: data write %d %d".formatted(row[0], row[1]))
              .ask(FEATURE, state(4))
              .ask(MIG_DATA_WRITE, RawClient.words(row)));
    }
    all.add(
        Script.of("migration: too much state")
            .ask(FEATURE, state(4))
            .ask(MIG_DATA_WRITE, RawClient.bytes(4008).u32(4008).u32(4000).array()));
  }

  private static void wrongFeatures(List<Script> all) {
    int[][] rows = {
      {16, 0x10001}, {16, 0x20001}, {16, 0x70001}, {2, 0x10001}, {8, 0x10001}, {8, 0x10002},
      {15, 0x20002}, {16, 0x1}, {16, 0x30002}, {64, 0x20006}, {64, 0x20007}, {64, 0x10008},
      {64, 0x40006}, {16, 0x10003}, {16, 0x1ffff}, {16, 0x40001}, {16, 0x50001}, {16, 0x40002},
      {16, 0x50002}, {16, 0x60002}, {16, 0x70002}, {8, 0x40001}, {8, 0x70002}
    };
    for (int[] row : rows) {
      all.add(
          Script.of("feature: 0x%x argsz %d".formatted(row[1], row[0]))
              .ask(FEATURE, RawClient.words(row[0], row[1], 1, 0)));
    }
    all.add(
        Script.of("feature: set without state")
            .ask(FEATURE, RawClient.words(16, 2 | 1 << 17))
            .ask(FEATURE, RawClient.words(16, 2 | 1 << 17, 1)));
  }
}
