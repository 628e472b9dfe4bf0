package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Machines drawn at random: many are sound, some break a limit. */
final class RandomMachine {
  private static final long[] RAM_SIZES = {
    0x4_0000_0000L, 0x8_0000_0000L, 0x10_0000_0000L, 0x20_0000_0000L, 0x40_0000_0000L, 0x123_4567L
  };
  private static final long[] ATSD_SIZES = {0x1_0000, 0x1_0000, 0x1_0000, 0x1000, 0x2_0000, 0};

  private final Random random;
  private final boolean sound;
  private int names;

  private RandomMachine(long seed, boolean sound) {
    this.random = new Random(seed);
    this.sound = sound;
  }

  /** Machines of any kind. */
  static RandomMachine of(long seed) {
    return new RandomMachine(seed, false);
  }

  /** Machines that a guest can make full use of. */
  static RandomMachine sound(long seed) {
    return new RandomMachine(seed, true);
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
              sound || random.nextInt(8) != 0,
              sound || random.nextBoolean() ? VphbBinding.COMPLETE : VphbBinding.BRIEF,
              functions(new Vphb(index))));
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
        Machines.platform());
  }

  /** The bus numbers and target addresses of a vPHB. */
  private static final class Vphb {
    private final int index;
    private int lastBus;

    Vphb(int index) {
      this.index = index;
    }

    int nextBus() {
      return ++lastBus;
    }

    long tgt(int number) {
      return Machines.TGT + index * 0x200_0000_0000L + number * 0x20_0000_0000L;
    }
  }

  /** A bus with up to seven target addresses, and perhaps a bus behind it. */
  private List<PciFunctionDescription> functions(Vphb vphb) {
    List<Integer> places = new ArrayList<>();
    for (int devfn = 0; devfn < 256; devfn++) {
      places.add(devfn);
    }
    Collections.shuffle(places, random);
    List<PciFunctionDescription> functions = new ArrayList<>();
    int gpus = random.nextInt(6);
    for (int i = 0; i < gpus; i++) {
      long tgt = vphb.tgt(i);
      if (random.nextInt(8) != 0) {
        functions.add(Devices.gpu(builder("gpu", places), tgt, ramSize(), 16));
      }
      int links = random.nextInt(4);
      for (int link = 0; link < links; link++) {
        functions.add(Devices.bridge(builder("npu", places), tgt, 9, atsdSize()));
      }
    }
    if (vphb.lastBus < 3 && random.nextBoolean()) {
      int number = vphb.nextBus();
      List<PciFunctionDescription> behind = random.nextBoolean() ? behindBridge(vphb) : List.of();
      functions.add(
          Devices.pciBridge(builder("bridge", places), new SecondaryBus(number, 0, behind)));
    }
    return functions;
  }

  /** Bridges of the first target address of the root bus, at places that the root bus may use. */
  private List<PciFunctionDescription> behindBridge(Vphb vphb) {
    List<Integer> places = new ArrayList<>(List.of(8, 16, 24));
    List<PciFunctionDescription> functions = new ArrayList<>();
    functions.add(Devices.bridge(builder("npu", places), vphb.tgt(0), 8, 0x1_0000));
    if (random.nextBoolean()) {
      functions.add(
          Devices.pciBridge(
              builder("bridge", places), new SecondaryBus(vphb.nextBus(), 0, List.of())));
    }
    return functions;
  }

  private long ramSize() {
    return RAM_SIZES[random.nextInt(RAM_SIZES.length - (sound ? 1 : 0))];
  }

  private long atsdSize() {
    return ATSD_SIZES[random.nextInt(ATSD_SIZES.length - (sound ? 1 : 0))];
  }

  private PciFunctionDescription.Builder builder(String kind, List<Integer> places) {
    int devfn = places.removeLast();
    return PciFunctionDescription.builder(kind + names++, devfn >> 3, devfn & 7);
  }
}
