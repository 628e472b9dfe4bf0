package org.nvlink2vmm.it.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.raw.RawClient;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * What Cloud Hypervisor sends to a device, in its order and layout, to {@code vmm serve}, and what
 * it needs of each reply (cloud-hypervisor pci/src/vfio_user.rs and pci/src/vfio.rs; rust-vmm/vfio
 * vfio-user/src/lib.rs, version 0.1.5 of the crate vfio_user).
 *
 * <p>That client sends one request at a time, reads each reply by its expected length, whatever the
 * header says, and looks at no error flag: one byte less than it expects and it waits for ever.
 */
@Timeout(120)
class CloudHypervisorIT {
  private static final int HEADER = RawClient.HEADER;
  private static final int CONFIG = 7;
  private static final int MMAP = 4;
  private static final int INTX = 0;
  private static final int MSI = 1;
  private static final int EVENTFD_TRIGGER = 0x24;
  private static final int NONE_TRIGGER = 0x21;
  private static final int NONE_UNMASK = 0x11;
  private static final long GUEST_RAM = 1 << 24;

  @TempDir Path work;
  private RawClient client;
  private int nextId;

  /** A region as the client remembers it. */
  private record Region(int flags, long size, long fileOffset, List<OwnedFd> file) {}

  @Test
  void theWholeLifeOfAGpu() throws Exception {
    try (ServedMachine served = ServedMachine.start(work, "witherspoon-6gpu", "gpu0")) {
      client = RawClient.connect(served.socket("gpu0"));
      try (RamBlock ram = RamBlock.ofShareable("guest", GUEST_RAM);
          EventFd event = EventFd.create()) {
        negotiate(1, "{\"capabilities\":{%s}}");
        List<Region> regions = regions();
        capabilities();
        legacyInterrupt(event);
        assertThat(barSizes()).containsExactly(1L << 24, 1L << 34, 1L << 25);
        mapRegions(regions);
        dma(2, 32, HEADER, ram);
        accesses();
        messageInterrupt(event);
        dma(3, 24, HEADER + 24, ram);
        regions.forEach(region -> region.file().forEach(OwnedFd::close));
      } finally {
        client.close();
      }
    }
  }

  @Test
  void theFirstVersionsOfTheClientSayTheirCapabilitiesOneLevelHigher() throws Exception {
    try (ServedMachine served = ServedMachine.start(work, "witherspoon-6gpu", "npu0")) {
      client = RawClient.connect(served.socket("npu0"));
      try {
        negotiate(0, "{%s}");
        regions().forEach(region -> region.file().forEach(OwnedFd::close));
      } finally {
        client.close();
      }
    }
  }

  private ByteBuffer exchange(int command, byte[] payload, int expected, OwnedFd... fds) {
    client.send(RawClient.message(nextId, command, 0, payload), fds);
    ByteBuffer reply = ByteBuffer.wrap(client.receive().message()).order(ByteOrder.LITTLE_ENDIAN);
    assertReply(reply, command);
    assertThat(reply.capacity())
        .as("length of the reply to command %d", command)
        .isEqualTo(expected);
    return reply;
  }

  private void assertReply(ByteBuffer reply, int command) {
    assertThat(reply.getShort(0)).isEqualTo((short) nextId++);
    assertThat(reply.getShort(2)).isEqualTo((short) command);
    assertThat(reply.getInt(8)).as("flags of the reply to command %d", command).isEqualTo(1);
    assertThat(reply.getInt(12)).isZero();
  }

  /** The reply's JSON must have an object "capabilities", and a zero behind it. */
  private void negotiate(int minor, String json) {
    String own = "\"max_msg_fds\":1,\"max_data_xfer_size\":1048576,\"migration\":{\"pgsize\":4096}";
    byte[] version = RawClient.version(0, minor, json.formatted(own));
    client.send(RawClient.message(nextId, 1, 0, version));
    ByteBuffer reply = ByteBuffer.wrap(client.receive().message()).order(ByteOrder.LITTLE_ENDIAN);

    assertReply(reply, 1);
    assertThat(reply.getShort(HEADER)).isZero();
    assertThat(reply.getShort(HEADER + 2)).isEqualTo((short) minor);
    byte[] bytes = reply.array();
    assertThat(bytes[bytes.length - 1]).isZero();
    assertThat(new String(bytes, HEADER + 4, bytes.length - HEADER - 5, StandardCharsets.UTF_8))
        .startsWith("{\"capabilities\":{")
        .endsWith("}}");
  }

  /** DeviceGetInfo with the header counted in argsz, then every region, 9 and up as well. */
  private List<Region> regions() {
    ByteBuffer info = exchange(4, RawClient.words(32, 0, 0, 0), 32);
    assertThat(info.getInt(HEADER + 4) & 2).as("a PCI device").isEqualTo(2);
    int count = info.getInt(HEADER + 8);
    assertThat(count).isGreaterThan(9);
    List<Region> regions = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      regions.add(region(index));
    }
    return regions;
  }

  /** One receive of 48 bytes must get all of the fixed part; capabilities are read after it. */
  private Region region(int index) {
    List<OwnedFd> file = new ArrayList<>();
    ByteBuffer reply = regionInfo(index, 32, file);
    int argsz = reply.getInt(HEADER);
    if (argsz > 32) {
      file.forEach(OwnedFd::close);
      file.clear();
      reply = regionInfo(index, argsz, file);
      assertThat(reply.getInt(HEADER)).isEqualTo(argsz);
      assertThat(reply.getInt(4)).as("msg_size").isEqualTo(HEADER + argsz);
      byte[] chain = client.receiveOnce(argsz - 32, file);
      assertThat(chain).hasSize(argsz - 32);
      walk(ByteBuffer.wrap(chain).order(ByteOrder.LITTLE_ENDIAN), reply.getInt(HEADER + 12));
    } else {
      assertThat(reply.getInt(4)).isEqualTo(HEADER + 32);
    }
    assertThat(reply.getInt(HEADER + 8)).isEqualTo(index);
    int flags = reply.getInt(HEADER + 4);
    assertThat(file).hasSize((flags & MMAP) != 0 ? 1 : 0);
    return new Region(flags, reply.getLong(HEADER + 16), reply.getLong(HEADER + 24), file);
  }

  private ByteBuffer regionInfo(int index, int argsz, List<OwnedFd> file) {
    byte[] payload = RawClient.words(argsz, 0, index, 0, 0, 0, 0, 0);
    client.send(RawClient.message(nextId, 5, 0, payload));
    byte[] fixed = client.receiveOnce(HEADER + 32, file);
    assertThat(fixed).hasSize(HEADER + 32);
    ByteBuffer reply = ByteBuffer.wrap(fixed).order(ByteOrder.LITTLE_ENDIAN);
    assertReply(reply, 5);
    return reply;
  }

  /** Offsets count from the start of the fixed part; the chain ends with 0. */
  private static void walk(ByteBuffer chain, int first) {
    int steps = 0;
    for (int at = first; at != 0; at = chain.getInt(at - 32 + 4)) {
      assertThat(at - 32).isBetween(0, chain.capacity() - 8);
      assertThat(at % 8).isZero();
      assertThat(++steps).isLessThan(8);
    }
    assertThat(steps).isPositive();
  }

  private long config(int offset, int count) {
    return read(CONFIG, offset, count);
  }

  private long read(int region, long offset, int count) {
    byte[] payload = RawClient.bytes(16).u64(offset).u32(region).u32(count).array();
    ByteBuffer reply = exchange(9, payload, 32 + count);
    long value = 0;
    for (int i = count - 1; i >= 0; i--) {
      value = value << 8 | (reply.get(32 + i) & 0xff);
    }
    return value;
  }

  private void write(int region, long offset, int count, long value) {
    byte[] data = RawClient.bytes(8).u64(value).array();
    byte[] payload =
        RawClient.bytes(16 + count)
            .u64(offset)
            .u32(region)
            .u32(count)
            .put(Arrays.copyOf(data, count))
            .array();
    exchange(10, payload, 32);
  }

  private int vectors(int index) {
    ByteBuffer reply = exchange(7, RawClient.words(16, 0, index, 0), 32);
    assertThat(reply.getInt(HEADER + 8)).isEqualTo(index);
    return reply.getInt(HEADER + 12);
  }

  private void irqs(int index, int flags, int count, OwnedFd... fds) {
    exchange(8, RawClient.words(20, flags, index, 0, count), HEADER, fds);
  }

  /** Byte by byte along the list; for MSI its vectors and its control word. */
  private void capabilities() {
    assertThat(config(6, 2) & 0x10).as("a list of capabilities").isEqualTo(0x10);
    List<Integer> ids = new ArrayList<>();
    int at = (int) config(0x34, 1) & 0xfc;
    while (at != 0 && ids.size() < 48) {
      int id = (int) config(at, 1);
      ids.add(id);
      if (id == 5) {
        assertThat(vectors(MSI)).isEqualTo(1);
        assertThat(config(at + 2, 2) & 0x80).as("64-bit MSI").isEqualTo(0x80);
      }
      at = (int) config(at + 1, 1) & 0xfc;
    }
    assertThat(ids).containsExactly(1, 5, 0x10);
  }

  private void legacyInterrupt(EventFd event) {
    assertThat(vectors(INTX)).isEqualTo(1);
    irqs(INTX, EVENTFD_TRIGGER, 1, event.fd());
    irqs(INTX, NONE_UNMASK, 1);
  }

  /** All ones are written, and the size is read back; both halves of a 64-bit BAR. */
  private List<Long> barSizes() {
    List<Long> sizes = new ArrayList<>();
    for (int bar = 0; bar < 7; bar++) {
      int offset = bar == 6 ? 0x30 : 0x10 + 4 * bar;
      boolean wide = bar < 6 && (config(offset, 4) & 4) != 0;
      write(CONFIG, offset, 4, 0xffff_ffffL);
      long size = 0xffff_ffff_0000_0000L | (config(offset, 4) & ~0xfL);
      if (wide) {
        write(CONFIG, offset + 4, 4, 0xffff_ffffL);
        size = config(offset + 4, 4) << 32 | (size & 0xffff_ffffL);
        bar++;
      }
      if (size != 0xffff_ffff_0000_0000L) {
        sizes.add(-size);
      }
    }
    return sizes;
  }

  /** A region that can be mapped and has no areas is mapped whole, from its offset in the file. */
  private void mapRegions(List<Region> regions) {
    int mapped = 0;
    for (Region region : regions) {
      if ((region.flags() & MMAP) != 0) {
        try (Mapping mapping =
            Mapping.shared(
                region.file().getFirst(),
                region.fileOffset(),
                region.size(),
                Mapping.Protection.READ_WRITE)) {
          assertThat(mapping.segment().byteSize()).isEqualTo(region.size());
          mapped++;
        }
      }
    }
    assertThat(mapped).as("BAR1 and BAR3 are").isGreaterThanOrEqualTo(2);
  }

  /** Guest memory with its descriptor, or its removal. */
  private void dma(int command, int size, int expected, RamBlock ram) {
    RawClient.Bytes payload = RawClient.bytes(size).u32(size).u32(command == 2 ? 3 : 0);
    if (command == 2) {
      payload.u64(0).u64(0).u64(GUEST_RAM);
      exchange(command, payload.array(), expected, ram.fd().orElseThrow());
    } else {
      payload.u64(0).u64(GUEST_RAM);
      exchange(command, payload.array(), expected);
    }
  }

  /** Guest accesses of every width; also one that the device refuses, before Memory is enabled. */
  private void accesses() {
    read(0, 0, 4);
    write(CONFIG, 4, 2, 6);
    assertThat(config(4, 2) & 6).isEqualTo(6);
    assertThat(read(0, 0, 4)).isEqualTo(0x140000a1);
    for (int width : new int[] {1, 2, 4, 8}) {
      read(0, 0, width);
      write(1, 0x1000, width, 0x1122_3344_5566_7788L);
    }
    assertThat(read(1, 0x1000, 8)).isEqualTo(0x1122_3344_5566_7788L);
    read(0, 0x0f_f000, 8);
    write(0, 0x0f_f000, 8, 0);
  }

  /** INTx goes before MSI comes; MSI goes with the guest. */
  private void messageInterrupt(EventFd event) {
    irqs(INTX, NONE_TRIGGER, 0);
    irqs(MSI, EVENTFD_TRIGGER, 1, event.fd());
    write(CONFIG, 0x6a, 2, 0x81);
    assertThat(config(0x6a, 2) & 1).isEqualTo(1);
    irqs(MSI, NONE_TRIGGER, 0);
  }
}
