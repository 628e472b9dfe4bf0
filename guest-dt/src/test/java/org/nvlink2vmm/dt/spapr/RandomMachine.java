package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Machines drawn at random: many are sane, some break a limit. */
final class RandomMachine {
  private static final long[] RAM_SIZES = {
    0x4_0000_0000L, 0x8_0000_0000L, 0x10_0000_0000L, 0x20_0000_0000L, 0x40_0000_0000L, 0x123_4567L
  };
  private static final long[] ATSD_SIZES = {0x1_0000, 0x1_0000, 0x1_0000, 0x1000, 0x2_0000, 0};

  private final Random random;
  private int names;

  RandomMachine(long seed) {
    this.random = new Random(seed);
  }

  MachineDescription next(Compat compat) {
    List<Integer> indexes = new ArrayList<>();
    for (int index = 0; index < VphbPlacement.MAX_VPHBS; index++) {
      indexes.add(index);
    }
    Collections.shuffle(indexes, random);
    List<VphbDescription> vphbs = new ArrayList<>();
    int count = random.nextInt(5);
    for (int index : indexes.subList(0, count)) {
      vphbs.add(
          new VphbDescription(
              index,
              NvlinkWindows.of(index, MachineType.PSERIES_7_0),
              random.nextInt(8) != 0,
              random.nextBoolean() ? VphbBinding.COMPLETE : VphbBinding.BRIEF,
              functions(new BusNumbers())));
    }
    List<Long> nodes = new ArrayList<>();
    for (int node = random.nextInt(4); node >= 0; node--) {
      nodes.add((1 + random.nextLong(64)) << 28);
    }
    return new MachineDescription(
        compat,
        compat.newestMachineType(),
        random.nextBoolean() ? Affinity.FORM1 : Affinity.FORM2,
        GuestMemory.of(nodes),
        vphbs,
        List.of(new PlatformPart.InterruptController(1)));
  }

  private static final class BusNumbers {
    private int last;

    int next() {
      return ++last;
    }
  }

  /** A bus with up to seven target addresses, and perhaps a bus behind it. */
  private List<PciFunctionDescription> functions(BusNumbers buses) {
    List<Integer> places = new ArrayList<>();
    for (int devfn = 0; devfn < 256; devfn++) {
      places.add(devfn);
    }
    Collections.shuffle(places, random);
    List<PciFunctionDescription> functions = new ArrayList<>();
    int gpus = random.nextInt(6);
    for (int i = 0; i < gpus; i++) {
      long tgt = tgt(i);
      if (random.nextInt(8) != 0) {
        functions.add(
            Devices.gpu(
                builder("gpu", places), tgt, RAM_SIZES[random.nextInt(RAM_SIZES.length)], 32));
      }
      int links = random.nextInt(4);
      for (int link = 0; link < links; link++) {
        long size = ATSD_SIZES[random.nextInt(ATSD_SIZES.length)];
        functions.add(Devices.bridge(builder("npu", places), tgt, 9, size));
      }
    }
    if (buses.last < 3 && random.nextBoolean()) {
      int number = buses.next();
      List<PciFunctionDescription> behind = random.nextBoolean() ? behindBridge(buses) : List.of();
      functions.add(
          Devices.pciBridge(builder("bridge", places), new SecondaryBus(number, 0, behind)));
    }
    return functions;
  }

  /** Bridges of the first target address of the root bus, at places that the root bus may use. */
  private List<PciFunctionDescription> behindBridge(BusNumbers buses) {
    List<Integer> places = new ArrayList<>(List.of(8, 16, 24));
    List<PciFunctionDescription> functions = new ArrayList<>();
    functions.add(Devices.bridge(builder("npu", places), tgt(0), 8, 0x1_0000));
    if (random.nextBoolean()) {
      functions.add(
          Devices.pciBridge(
              builder("bridge", places), new SecondaryBus(buses.next(), 0, List.of())));
    }
    return functions;
  }

  private static long tgt(int number) {
    return Machines.TGT + number * 0x20_0000_0000L;
  }

  private PciFunctionDescription.Builder builder(String kind, List<Integer> places) {
    int devfn = places.removeLast();
    return PciFunctionDescription.builder(kind + names++, devfn >> 3, devfn & 7);
  }
}
