package org.nvlink2vmm.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;

/** Runs random steps on a config space and on plain arrays of bytes, one bit at a time. */
final class ConfigSpaceModel {
  private static final int SIZE = 64;

  private final long seed;
  private final Random random;
  private final WriteRule rule;
  private final ConfigSpace space;
  private final int[] value = new int[SIZE];
  private final int[] writable = new int[SIZE];
  private final int[] clearable = new int[SIZE];

  ConfigSpaceModel(long seed, WriteRule rule) {
    this.seed = seed;
    this.rule = rule;
    random = new Random(seed);
    space = new ConfigSpace(SIZE, rule);
    for (int i = 0; i < SIZE; i++) {
      declare(i, random.nextInt(), random.nextInt(), random.nextInt());
    }
  }

  private void declare(int offset, int value, int writable, int clearable) {
    space.set8(offset, value, writable, clearable);
    this.value[offset] = value & 0xff;
    this.writable[offset] = writable & 0xff;
    this.clearable[offset] = clearable & 0xff;
  }

  void step() {
    int size = 1 << random.nextInt(3);
    int offset = random.nextInt(SIZE + 8) - 4;
    int data = random.nextInt();
    boolean inside = offset >= 0 && offset + size <= SIZE;
    switch (random.nextInt(4)) {
      case 0 -> {
        space.write(offset, size, data);
        for (int i = 0; inside && i < size; i++) {
          writeByte(offset + i, data >>> (8 * i) & 0xff);
        }
      }
      case 1 -> {
        space.store(offset, size, data);
        for (int i = 0; inside && i < size; i++) {
          value[offset + i] = data >>> (8 * i) & 0xff;
        }
      }
      case 2 -> {
        int mask = random.nextInt();
        space.update(offset, size, mask, data);
        for (int i = 0; inside && i < size; i++) {
          int bits = mask >>> (8 * i) & 0xff;
          value[offset + i] = (value[offset + i] & ~bits) | (data >>> (8 * i) & bits);
        }
      }
      default -> {
        long expected = 0;
        for (int i = 0; i < size; i++) {
          expected |= (inside ? value[offset + i] : 0xffL) << (8 * i);
        }
        assertThat(space.read(offset, size))
            .as("seed %d: %d bytes at %d", seed, size, offset)
            .isEqualTo(expected);
      }
    }
  }

  private void writeByte(int offset, int data) {
    int next = 0;
    for (int bit = 1; bit < 0x100; bit <<= 1) {
      boolean old = (value[offset] & bit) != 0;
      boolean written = (data & bit) != 0;
      boolean set = (writable[offset] & bit) != 0 ? written : old;
      if ((clearable[offset] & bit) != 0) {
        set = rule == WriteRule.STANDARD ? set && !written : set && !old;
      }
      next |= set ? bit : 0;
    }
    value[offset] = next;
  }

  void compare() {
    for (int i = 0; i < SIZE; i++) {
      assertThat(space.load(i, 1)).as("seed %d: byte %d", seed, i).isEqualTo(value[i]);
    }
  }
}
