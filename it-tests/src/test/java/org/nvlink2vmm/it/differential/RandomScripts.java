package org.nvlink2vmm.it.differential;

import static org.nvlink2vmm.it.differential.Payloads.DEVICE_RESET;
import static org.nvlink2vmm.it.differential.Payloads.DMA_MAP;
import static org.nvlink2vmm.it.differential.Payloads.DMA_UNMAP;
import static org.nvlink2vmm.it.differential.Payloads.FEATURE;
import static org.nvlink2vmm.it.differential.Payloads.GET_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_IRQ_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_INFO;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_IO_FDS;
import static org.nvlink2vmm.it.differential.Payloads.MIG_DATA_READ;
import static org.nvlink2vmm.it.differential.Payloads.MIG_DATA_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.REGION_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.SET_IRQS;

import java.util.Random;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;

/**
 * Random sequences of requests, most of them sound, some with a field that is not. They stay off
 * the known differences, so that they get far.
 */
final class RandomScripts {
  private static final long PAGE = 4096;
  private static final int SLOTS = 16;

  private final Random random;

  RandomScripts(Random random) {
    this.random = random;
  }

  Script next(String name, int length) {
    Script script = Script.of("random: %s".formatted(name));
    for (int i = 0; i < length; i++) {
      add(script);
    }
    return script;
  }

  private void add(Script script) {
    switch (random.nextInt(16)) {
      case 0 -> script.ask(GET_INFO, Payloads.info(odd(16, 8)));
      case 1 -> {
        int region = random.nextInt(10);
        int argsz = region == TwinDevice.MEMORY ? 31 : odd(32, 80);
        script.ask(GET_REGION_INFO, Payloads.regionInfo(argsz, region));
      }
      case 2 -> script.ask(GET_IRQ_INFO, Payloads.irqInfo(odd(16, 15), random.nextInt(6)));
      case 3 ->
          script.ask(
              GET_REGION_IO_FDS, RawClient.words(odd(16, 15), odd(0, 1), random.nextInt(10), 0));
      case 4, 5 -> irqs(script);
      case 6, 7 -> map(script);
      case 8 -> unmap(script);
      case 9 -> migrate(script);
      case 10 -> rare(script);
      case 11 -> dma(script);
      case 12 -> script.signals();
      case 13 -> script.guestMemory();
      case 14 -> script.ask(REGION_READ, access(0));
      default -> write(script);
    }
  }

  /** Mostly the first. */
  private int odd(int usual, int other) {
    return random.nextInt(12) == 0 ? other : usual;
  }

  private static long iova(int slot) {
    return 8 * PAGE * slot;
  }

  /** Each place has one size, so that mappings are the same or apart. */
  private static long size(int slot) {
    return PAGE * (1 + slot % 5);
  }

  private void map(Script script) {
    int slot = random.nextInt(SLOTS);
    int rights = 1 + 2 * random.nextInt(2);
    long offset = PAGE * random.nextInt(8);
    byte[] payload = Payloads.map(odd(32, 31), rights, offset, iova(slot), size(slot));
    if (random.nextInt(4) == 0) {
      script.ask(DMA_MAP, payload);
    } else {
      script.ask(DMA_MAP, payload, random.nextBoolean() ? Fd.RAM : Fd.OTHER_RAM);
    }
  }

  private void unmap(Script script) {
    int slot = random.nextInt(SLOTS);
    long size = size(random.nextInt(20) == 0 ? slot + 1 : slot);
    script.ask(DMA_UNMAP, Payloads.unmap(odd(24, 23), odd(0, 4), iova(slot), size));
  }

  private void irqs(Script script) {
    int index = random.nextInt(5);
    int start = index == 1 ? random.nextInt(8) : odd(0, 1);
    switch (random.nextInt(5)) {
      case 0 -> script.ask(SET_IRQS, Payloads.irqs(20, 0x24, 1, start, 1), event());
      case 1 -> script.ask(SET_IRQS, Payloads.irqs(20, 0x24, 1, 0, 2), event(), event());
      case 2 -> script.ask(SET_IRQS, Payloads.irqs(20, 0x21, 1, start, odd(1, 0)));
      case 3 ->
          script.ask(
              SET_IRQS, Payloads.irqs(22, 0x22, 1, start, 2, random.nextInt(2), random.nextInt(2)));
      default ->
          script.ask(
              SET_IRQS, Payloads.irqs(odd(20, 19), random.nextInt(64) & ~4, index, start, 0));
    }
  }

  private Fd event() {
    return random.nextBoolean() ? Fd.EVENT0 : Fd.EVENT1;
  }

  /** To some state, something there, and back. */
  private void migrate(Script script) {
    script.ask(FEATURE, Payloads.state(1 + random.nextInt(4)));
    switch (random.nextInt(5)) {
      case 0 -> script.ask(FEATURE, RawClient.words(16, 2 | 1 << 16));
      case 1 -> script.ask(MIG_DATA_READ, RawClient.words(8 + 700, 700));
      case 2 -> script.ask(MIG_DATA_WRITE, RawClient.words(16, 8, random.nextInt(), 1));
      case 3 -> script.ask(REGION_READ, access(0));
      default -> script.ask(GET_INFO, Payloads.info(16));
    }
    script.ask(FEATURE, Payloads.state(2));
  }

  private void rare(Script script) {
    switch (random.nextInt(5)) {
      case 0 -> script.ask(DEVICE_RESET, new byte[0]);
      case 1 -> script.ask(random.nextInt(5) + 19, new byte[random.nextInt(20)]);
      case 2 -> script.ask(1 + random.nextInt(10), new byte[random.nextInt(8)]);
      case 3 -> script.tell(REGION_WRITE, access(4));
      default -> script.stillServes();
    }
  }

  private void dma(Script script) {
    int registers = TwinDevice.REGISTERS;
    byte[] iova = RawClient.bytes(8).u64(iova(random.nextInt(SLOTS)) + random.nextInt(64)).array();
    script.ask(REGION_WRITE, Payloads.write16(TwinDevice.CONFIG, 4, 6));
    script.ask(REGION_WRITE, Payloads.access(registers, TwinDevice.DMA_IOVA, 8, iova));
    script.ask(
        REGION_WRITE, Payloads.write32(registers, TwinDevice.DMA_LENGTH, 1 + random.nextInt(5000)));
    int start = 1 + random.nextInt(2);
    script.ask(REGION_WRITE, Payloads.write32(registers, TwinDevice.DMA_START, start));
    script.ask(REGION_READ, Payloads.access(registers, TwinDevice.DMA_STATUS, 4));
  }

  private void write(Script script) {
    int data = random.nextInt(5) == 0 ? random.nextInt(3000) : 1 << random.nextInt(4);
    script.ask(REGION_WRITE, access(data));
  }

  /** An access to one of the regions of memory, now and then across its end. */
  private byte[] access(int data) {
    int region = random.nextInt(3);
    int count = data > 0 ? data : 1 + random.nextInt(2000);
    long size =
        switch (region) {
          case 0 -> 0x8000;
          case 1 -> TwinDevice.SPARSE_SIZE;
          default -> TwinDevice.MEMORY_SIZE;
        };
    long offset = random.nextInt((int) size - count + (region == 0 ? 0 : odd(1, 8)));
    byte[] bytes = new byte[data];
    random.nextBytes(bytes);
    return Payloads.access(region, offset, count, bytes);
  }
}
