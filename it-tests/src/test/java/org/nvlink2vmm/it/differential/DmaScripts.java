package org.nvlink2vmm.it.differential;

import static org.nvlink2vmm.it.differential.Payloads.DMA_MAP;
import static org.nvlink2vmm.it.differential.Payloads.DMA_UNMAP;
import static org.nvlink2vmm.it.differential.Payloads.READ_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.REGION_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.access;
import static org.nvlink2vmm.it.differential.Payloads.map;
import static org.nvlink2vmm.it.differential.Payloads.unmap;
import static org.nvlink2vmm.it.differential.Payloads.write16;
import static org.nvlink2vmm.it.differential.Payloads.write32;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;

/** DMA_MAP, DMA_UNMAP, and what the device reaches through them. */
final class DmaScripts {
  private static final long MIB = 1 << 20;
  private static final long IOVA = 0x10_0000_0000L;

  private DmaScripts() {}

  static List<Script> all() {
    List<Script> all = new ArrayList<>();
    wrong(all);
    maps(all);
    unmaps(all);
    moves(all);
    return all;
  }

  private static Script mapped(String name) {
    return Script.of("dma: " + name).ask(DMA_MAP, map(READ_WRITE, 0x2000, IOVA, 0x10000), Fd.RAM);
  }

  private static void wrong(List<Script> all) {
    for (int argsz : new int[] {0, 8, 31, 33, 4096}) {
      all.add(
          Script.of("dma: map argsz %d".formatted(argsz)).ask(DMA_MAP, map(argsz, 3, 0, 0, 4096)));
    }
    for (int flags : new int[] {0, 1, 2, 3, 4, 7, 8, 11, 12, 15, 16, 19, -1}) {
      all.add(Script.of("dma: map flags %d".formatted(flags)).ask(DMA_MAP, map(flags, 0, 0, 4096)));
      all.add(
          Script.of("dma: map flags %d with a file".formatted(flags))
              .ask(DMA_MAP, map(flags, 0, 0, 4096), Fd.RAM));
    }
    all.add(Script.of("dma: map short").ask(DMA_MAP, new byte[31]));
    all.add(Script.of("dma: map of size 0").ask(DMA_MAP, map(3, 0, IOVA, 0)));
    all.add(Script.of("dma: map of size 0, file").ask(DMA_MAP, map(3, 0, IOVA, 0), Fd.RAM));
    all.add(Script.of("dma: map past 2^64").ask(DMA_MAP, map(3, 0, -4096, 8192)));
    all.add(Script.of("dma: map to 2^64").ask(DMA_MAP, map(3, 0, -4096, 4096)));
    all.add(Script.of("dma: map too large").ask(DMA_MAP, map(3, 0, 0, (8L << 40) + 4096)));
    all.add(Script.of("dma: map as large as can be").ask(DMA_MAP, map(3, 0, 0, 8L << 40)));
    all.add(Script.of("dma: map past the file").ask(DMA_MAP, map(3, MIB, 0, 4096), Fd.RAM));
    all.add(
        Script.of("dma: map across the file's end").ask(DMA_MAP, map(3, 0, 0, 2 * MIB), Fd.RAM));
    all.add(Script.of("dma: map of an odd offset").ask(DMA_MAP, map(3, 12, 0, 4096), Fd.RAM));
    all.add(Script.of("dma: map of an odd address").ask(DMA_MAP, map(3, 0, 12, 4096), Fd.RAM));
    all.add(Script.of("dma: map of an odd size").ask(DMA_MAP, map(3, 0, 0, 4095), Fd.RAM));
    all.add(Script.of("dma: two files").ask(DMA_MAP, map(3, 0, 0, 4096), Fd.RAM, Fd.OTHER_RAM));
    all.add(Script.of("dma: an eventfd").ask(DMA_MAP, map(3, 0, 0, 4096), Fd.EVENT0));
  }

  private static void maps(List<Script> all) {
    all.add(mapped("the same again").ask(DMA_MAP, map(3, 0x2000, IOVA, 0x10000), Fd.RAM));
    all.add(mapped("other rights").ask(DMA_MAP, map(1, 0x2000, IOVA, 0x10000), Fd.RAM));
    all.add(mapped("other file").ask(DMA_MAP, map(3, 0x2000, IOVA, 0x10000), Fd.OTHER_RAM));
    all.add(mapped("other offset").ask(DMA_MAP, map(3, 0x3000, IOVA, 0x10000), Fd.RAM));
    all.add(mapped("without file").ask(DMA_MAP, map(3, 0, IOVA, 0x10000)));
    long[][] ranges = {
      {IOVA - 0x1000, 0x2000},
      {IOVA, 0x1000},
      {IOVA + 0xf000, 0x2000},
      {IOVA - 4096, 0x20000},
      {IOVA + 0x4000, 0x1000}
    };
    for (long[] range : ranges) {
      all.add(mapped("overlap").ask(DMA_MAP, map(3, 0, range[0], range[1]), Fd.RAM));
      all.add(mapped("overlap without file").ask(DMA_MAP, map(3, 0, range[0], range[1])));
    }
    all.add(
        mapped("neighbours")
            .ask(DMA_MAP, map(3, 0, IOVA - 0x1000, 0x1000), Fd.RAM)
            .ask(DMA_MAP, map(3, 0, IOVA + 0x10000, 0x1000), Fd.RAM));
  }

  private static void unmaps(List<Script> all) {
    all.add(
        mapped("unmap")
            .ask(DMA_UNMAP, unmap(IOVA, 0x10000))
            .ask(DMA_MAP, map(3, 0, IOVA, 0x8000), Fd.RAM));
    all.add(
        mapped("unmap all")
            .ask(DMA_UNMAP, unmap(24, 2, 0, 0))
            .ask(DMA_MAP, map(3, 0, IOVA, 0x8000), Fd.RAM));
    all.add(Script.of("dma: unmap all of nothing").ask(DMA_UNMAP, unmap(24, 2, 0, 0)));
    all.add(mapped("unmap all, addressed").ask(DMA_UNMAP, unmap(24, 2, IOVA, 0x10000)));
    all.add(mapped("unmap all and bitmap").ask(DMA_UNMAP, unmap(24, 3, 0, 0)));
    all.add(mapped("unmap flags 4").ask(DMA_UNMAP, unmap(24, 4, IOVA, 0x10000)));
    for (int argsz : new int[] {0, 8, 23, (1 << 20) + 8}) {
      all.add(mapped("unmap argsz " + argsz).ask(DMA_UNMAP, unmap(argsz, 0, IOVA, 0x10000)));
    }
    all.add(mapped("unmap with more room").ask(DMA_UNMAP, unmap(4096, 0, IOVA, 0x10000)));
    all.add(mapped("unmap short").ask(DMA_UNMAP, new byte[8]));
    all.add(Script.of("dma: unmap of nothing").ask(DMA_UNMAP, unmap(IOVA, 0x1000)));
    all.add(mapped("unmap of size 0").ask(DMA_UNMAP, unmap(IOVA, 0)));
    all.add(mapped("unmap of the first half").ask(DMA_UNMAP, unmap(IOVA, 0x8000)));
    all.add(mapped("unmap of the second half").ask(DMA_UNMAP, unmap(IOVA + 0x8000, 0x8000)));
    all.add(mapped("unmap of more").ask(DMA_UNMAP, unmap(IOVA - 0x1000, 0x20000)));
    all.add(mapped("unmap past 2^64").ask(DMA_UNMAP, unmap(-0x1000, 0x20000)));
    byte[] bitmap =
        RawClient.bytes(40).u32(48).u32(1).u64(IOVA).u64(0x10000).u64(4096).u64(8).array();
    all.add(mapped("unmap with bitmap").ask(DMA_UNMAP, bitmap));
  }

  private static byte[] dma(int register, long value) {
    return RawClient.bytes(24).u64(register).u32(TwinDevice.REGISTERS).u32(8).u64(value).array();
  }

  private static Script move(Script script, int start, long iova, int length) {
    int registers = TwinDevice.REGISTERS;
    return script
        .ask(REGION_WRITE, dma(TwinDevice.DMA_IOVA, iova))
        .ask(REGION_WRITE, write32(registers, TwinDevice.DMA_LENGTH, length))
        .ask(REGION_WRITE, write32(registers, TwinDevice.DMA_START, start))
        .ask(REGION_READ, access(registers, TwinDevice.DMA_STATUS, 4))
        .ask(REGION_READ, access(registers, TwinDevice.DMA_BUFFER, 0x1000))
        .guestMemory();
  }

  private static Script master(Script script) {
    return script.ask(REGION_WRITE, write16(TwinDevice.CONFIG, 4, 6));
  }

  private static void moves(List<Script> all) {
    byte[] data = new byte[0x1000];
    new Random(1).nextBytes(data);
    byte[] fill = access(TwinDevice.REGISTERS, TwinDevice.DMA_BUFFER, data.length, data);
    all.add(move(master(mapped("read")), TwinDevice.FROM_GUEST, IOVA + 0x1234, 0xabc));
    all.add(
        move(
            master(mapped("write")).ask(REGION_WRITE, fill),
            TwinDevice.TO_GUEST,
            IOVA + 0x1234,
            0xabc));
    all.add(move(master(mapped("past the map")), TwinDevice.FROM_GUEST, IOVA + 0xf800, 0x1000));
    all.add(
        move(
            master(mapped("past the map, written")).ask(REGION_WRITE, fill),
            TwinDevice.TO_GUEST,
            IOVA + 0xf800,
            0x1000));
    all.add(move(master(mapped("unmapped")), TwinDevice.TO_GUEST, 0, 0x1000));
    Script readOnly =
        Script.of("dma: into read-only memory").ask(DMA_MAP, map(1, 0, IOVA, 0x10000), Fd.RAM);
    all.add(move(master(readOnly), TwinDevice.TO_GUEST, IOVA, 0x1000));
    Script readable =
        Script.of("dma: from read-only memory").ask(DMA_MAP, map(1, 0, IOVA, 0x10000), Fd.RAM);
    all.add(move(master(readable), TwinDevice.FROM_GUEST, IOVA, 0x1000));
    all.add(move(mapped("not bus master"), TwinDevice.FROM_GUEST, IOVA, 0x1000));
    all.add(
        move(
            master(mapped("after unmap")).ask(DMA_UNMAP, unmap(IOVA, 0x10000)),
            TwinDevice.FROM_GUEST,
            IOVA,
            0x1000));
  }
}
