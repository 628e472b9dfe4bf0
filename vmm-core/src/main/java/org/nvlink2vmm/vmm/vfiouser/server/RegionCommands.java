package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.RegionAccess;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.WriteMulti;

/**
 * Accesses to regions: REGION_READ, REGION_WRITE, REGION_WRITE_MULTI. A message that makes no sense
 * is refused; one that does and that the device refuses reads all ones, or is lost, as on a bus:
 * some clients look at no error here and would wait for ever. Such accesses are counted.
 */
final class RegionCommands {
  private static final long COMMAND_REGISTER = 4;
  private static final long COMMAND_REGISTER_END = 6;
  private static final int WORD = 8;

  private final VfioDevice device;
  private final ServedRegions regions;
  private final ClientMemory memory;
  private final SessionCounts counts;
  private final RegionWatch watch;
  private final SliceCache slices = new SliceCache();
  private final MemorySegment word = Arena.ofAuto().allocate(WORD, WORD);

  RegionCommands(
      VfioDevice device,
      ServedRegions regions,
      ClientMemory memory,
      SessionCounts counts,
      RegionWatch watch) {
    this.device = device;
    this.regions = regions;
    this.memory = memory;
    this.counts = counts;
    this.watch = watch;
  }

  int read(Message request, OutboundMessage reply) {
    if (request.payload() < RegionAccess.BYTES) {
      return Failure.EINVAL;
    }
    long offset = request.u64(RegionAccess.OFFSET);
    int region = request.u32(RegionAccess.REGION);
    int count = request.u32(RegionAccess.COUNT);
    if (refuses(region, offset, count, RegionInfo.READ)) {
      return Failure.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    reply.clear(Header.BYTES + RegionAccess.BYTES + count);
    echo(reply, offset, region, count);
    MemorySegment target =
        slices.of(reply.bytes(), Header.BYTES + (long) RegionAccess.BYTES, count);
    long got = device.read(region, offset, target);
    if (got != count) {
      counts.refusedByDevice();
      long from = Math.max(0, Math.min(got, count));
      target.asSlice(from).fill((byte) 0xff);
      watch.refusedRead(region, offset, count);
    } else {
      watch.read(region, offset, count, target);
    }
    return RegionAccess.BYTES + count;
  }

  int write(Message request, OutboundMessage reply) {
    if (request.payload() < RegionAccess.BYTES) {
      return Failure.EINVAL;
    }
    long offset = request.u64(RegionAccess.OFFSET);
    int region = request.u32(RegionAccess.REGION);
    int count = request.u32(RegionAccess.COUNT);
    if (refuses(region, offset, count, RegionInfo.WRITE)
        || request.payload() - RegionAccess.BYTES != count) {
      return Failure.EINVAL;
    }
    if (count == 0) {
      return 0;
    }
    store(region, offset, request, RegionAccess.BYTES, count);
    echo(reply, offset, region, count);
    return RegionAccess.BYTES;
  }

  /** Checks all writes before the first is done, so that a bad message has no effect. */
  int writeMulti(Message request, OutboundMessage reply) {
    if (request.payload() < WriteMulti.FIRST) {
      return Failure.EINVAL;
    }
    long writes = request.u64(0);
    if (writes < 0
        || writes > Limits.DATA
        || request.payload() != WriteMulti.FIRST + writes * WriteMulti.BYTES) {
      return Failure.EINVAL;
    }
    for (int i = 0; i < writes; i++) {
      int at = WriteMulti.FIRST + i * WriteMulti.BYTES;
      int count = request.u32(at + WriteMulti.COUNT);
      if (Integer.compareUnsigned(count, WORD) > 0
          || refuses(
              request.u32(at + WriteMulti.REGION),
              request.u64(at + WriteMulti.OFFSET),
              count,
              RegionInfo.WRITE)) {
        return Failure.EINVAL;
      }
    }
    for (int i = 0; i < writes; i++) {
      int at = WriteMulti.FIRST + i * WriteMulti.BYTES;
      int count = request.u32(at + WriteMulti.COUNT);
      if (count > 0) {
        store(
            request.u32(at + WriteMulti.REGION),
            request.u64(at + WriteMulti.OFFSET),
            request,
            at + WriteMulti.DATA,
            count);
      }
    }
    reply.u64(0, writes);
    return WriteMulti.FIRST;
  }

  private boolean refuses(int region, long offset, int count, int right) {
    if (!regions.exists(region) || Integer.compareUnsigned(count, Limits.DATA) > 0) {
      return true;
    }
    RegionInfo info = regions.info(region);
    return (count > 0 && !info.has(right))
        || Long.compareUnsigned(offset, info.size()) > 0
        || Long.compareUnsigned(count, info.size() - offset) > 0;
  }

  private void store(int region, long offset, Message request, int at, int count) {
    MemorySegment source;
    if (count <= WORD && Integer.bitCount(count) == 1) {
      MemorySegment.copy(request.bytes(), request.position(at), word, 0, count);
      source = slices.of(word, 0, count);
    } else {
      source = slices.of(request.bytes(), request.position(at), count);
    }
    watch.written();
    if (device.write(region, offset, source) != count) {
      counts.refusedByDevice();
      watch.refusedWrite(region, offset, count);
    }
    if (region == VfioPciIndex.CONFIG_REGION
        && Long.compareUnsigned(offset, COMMAND_REGISTER_END) < 0
        && offset + count > COMMAND_REGISTER) {
      memory.readBusMaster();
    }
  }

  private static void echo(OutboundMessage reply, long offset, int region, int count) {
    reply.u64(RegionAccess.OFFSET, offset);
    reply.u32(RegionAccess.REGION, region);
    reply.u32(RegionAccess.COUNT, count);
  }
}
