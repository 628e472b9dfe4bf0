package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The capability chain of a region's information.
 *
 * <p>A header does not say how long a capability is, and id 4 has two layouts: mainline's 16 bytes
 * (NVLINK2_SSATGT: tgt) and the v4 patch's 24 bytes (NPU2: tgt, link speed, pad). A chain that has
 * id 5 is mainline's. Without it, a bridge's region (vendor 1014) that leaves room for 24 bytes is
 * the patch's, since mainline never leaves a bridge without id 5; any other region is the patch's
 * when exactly 24 bytes remain before the next capability or the end of the answer.
 */
final class CapabilityCodec {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int HEADER = 8;
  private static final int NEXT = 4;
  private static final int AREA = 16;
  private static final int DRAFT = 24;
  private static final int TYPE_OF_IBM = RegionCapability.PCI_VENDOR_TYPE | 0x1014;

  private CapabilityCodec() {}

  static int sizeOf(List<RegionCapability> capabilities) {
    int size = 0;
    for (RegionCapability capability : capabilities) {
      size = Math.addExact(size, sizeOf(capability));
    }
    return size;
  }

  private static int sizeOf(RegionCapability capability) {
    return switch (capability) {
      case RegionCapability.SparseMmap sparse ->
          Math.addExact(16, Math.multiplyExact(AREA, sparse.areas().size()));
      case RegionCapability.RegionType _ -> 16;
      case RegionCapability.MsixMappable _ -> HEADER;
      case RegionCapability.Nvlink2SsaTarget _ -> 16;
      case RegionCapability.Nvlink2LinkSpeed _ -> 16;
      case RegionCapability.Npu2Draft _ -> DRAFT;
      case RegionCapability.UnknownCapability unknown -> HEADER + unknown.body().length() / 2;
    };
  }

  /** Writes a chain from {@code at} on; {@code next} counts from the start of the segment. */
  static void put(List<RegionCapability> capabilities, MemorySegment into, int at) {
    for (int i = 0; i < capabilities.size(); i++) {
      RegionCapability capability = capabilities.get(i);
      int size = sizeOf(capability);
      MemorySegment place = into.asSlice(at, size);
      place.fill((byte) 0);
      at += size;
      place.set(U16, 0, (short) capability.id());
      place.set(U16, 2, (short) capability.version());
      place.set(U32, NEXT, i + 1 < capabilities.size() ? at : 0);
      putBody(capability, place);
    }
  }

  private static void putBody(RegionCapability capability, MemorySegment place) {
    switch (capability) {
      case RegionCapability.SparseMmap sparse -> putAreas(sparse, place);
      case RegionCapability.RegionType type -> {
        place.set(U32, 8, type.type());
        place.set(U32, 12, type.subtype());
      }
      case RegionCapability.MsixMappable _ -> {}
      case RegionCapability.Nvlink2SsaTarget target -> place.set(U64, 8, target.tgt());
      case RegionCapability.Nvlink2LinkSpeed link -> place.set(U32, 8, link.speed());
      case RegionCapability.Npu2Draft draft -> {
        place.set(U64, 8, draft.tgt());
        place.set(U32, 16, draft.speed());
      }
      case RegionCapability.UnknownCapability unknown ->
          place
              .asSlice(HEADER)
              .copyFrom(MemorySegment.ofArray(HexFormat.of().parseHex(unknown.body())));
    }
  }

  private static void putAreas(RegionCapability.SparseMmap sparse, MemorySegment place) {
    place.set(U32, 8, sparse.areas().size());
    long at = 16;
    for (RegionCapability.SparseMmap.Area area : sparse.areas()) {
      place.set(U64, at, area.offset());
      place.set(U64, at + 8, area.size());
      at += AREA;
    }
  }

  /** A capability found in a chain, its body not yet read. */
  private record Found(int id, int version, MemorySegment bytes, boolean last) {}

  /**
   * Reads the chain that starts at {@code first}. Offsets must rise, so that no chain loops; the
   * answer's length bounds them.
   */
  static List<RegionCapability> chain(int index, MemorySegment answer, int first) {
    List<Found> found = new ArrayList<>();
    int at = first;
    int floor = RegionInfoCodec.SIZE;
    while (at != 0) {
      if (at < floor || at > answer.byteSize() - HEADER) {
        throw RegionInfoCodec.malformed(
            index,
            "has a capability at 0x%x, expected one in 0x%x..0x%x"
                .formatted(at, floor, answer.byteSize() - HEADER));
      }
      int next = answer.get(U32, at + NEXT);
      boolean last = next == 0;
      long end = last || next < at || next > answer.byteSize() ? answer.byteSize() : next;
      found.add(
          new Found(
              Short.toUnsignedInt(answer.get(U16, at)),
              Short.toUnsignedInt(answer.get(U16, at + 2)),
              answer.asSlice(at, end - at),
              last));
      floor = at + HEADER;
      at = next;
    }
    return read(index, found);
  }

  private static List<RegionCapability> read(int index, List<Found> found) {
    boolean mainline = found.stream().anyMatch(c -> c.id == RegionCapability.NVLINK2_LNKSPD);
    boolean bridge =
        found.stream()
            .anyMatch(
                c ->
                    c.id == RegionCapability.TYPE
                        && c.bytes.byteSize() >= 16
                        && c.bytes.get(U32, 8) == TYPE_OF_IBM);
    List<RegionCapability> capabilities = new ArrayList<>();
    for (Found one : found) {
      boolean draft =
          !mainline && (bridge ? one.bytes.byteSize() >= DRAFT : one.bytes.byteSize() == DRAFT);
      capabilities.add(read(index, one, draft));
    }
    return capabilities;
  }

  private static RegionCapability read(int index, Found one, boolean draft) {
    MemorySegment bytes = one.bytes;
    if (one.version != 1) {
      return unknown(one);
    }
    return switch (one.id) {
      case RegionCapability.SPARSE_MMAP -> {
        require(index, one, 16);
        yield areas(index, bytes);
      }
      case RegionCapability.TYPE -> {
        require(index, one, 16);
        yield new RegionCapability.RegionType(bytes.get(U32, 8), bytes.get(U32, 12));
      }
      case RegionCapability.MSIX_MAPPABLE -> new RegionCapability.MsixMappable();
      case RegionCapability.NVLINK2_SSATGT -> {
        require(index, one, 16);
        long tgt = bytes.get(U64, 8);
        yield draft
            ? new RegionCapability.Npu2Draft(tgt, bytes.get(U32, 16))
            : new RegionCapability.Nvlink2SsaTarget(tgt);
      }
      case RegionCapability.NVLINK2_LNKSPD -> {
        require(index, one, 12);
        yield new RegionCapability.Nvlink2LinkSpeed(bytes.get(U32, 8));
      }
      default -> unknown(one);
    };
  }

  private static RegionCapability areas(int index, MemorySegment bytes) {
    long count = Integer.toUnsignedLong(bytes.get(U32, 8));
    if (count > (bytes.byteSize() - 16) / AREA) {
      throw RegionInfoCodec.malformed(
          index,
          "counts %d sparse areas, the answer has room for %d"
              .formatted(count, (bytes.byteSize() - 16) / AREA));
    }
    List<RegionCapability.SparseMmap.Area> areas = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      long at = 16 + i * AREA;
      areas.add(new RegionCapability.SparseMmap.Area(bytes.get(U64, at), bytes.get(U64, at + 8)));
    }
    return new RegionCapability.SparseMmap(areas);
  }

  private static RegionCapability unknown(Found one) {
    byte[] body = one.bytes.asSlice(HEADER).toArray(ValueLayout.JAVA_BYTE);
    return new RegionCapability.UnknownCapability(
        one.id, one.version, HexFormat.of().formatHex(body));
  }

  private static void require(int index, Found one, int size) {
    if (one.bytes.byteSize() < size) {
      throw RegionInfoCodec.malformed(
          index,
          "has capability %d cut to %d bytes, expected %d"
              .formatted(one.id, one.bytes.byteSize(), size));
    }
  }
}
