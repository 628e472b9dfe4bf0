package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * struct vfio_region_info with its capability chain, both ways, byte for byte as vfio-pci does it
 * (Linux drivers/vfio/pci/vfio_pci.c, VFIO_DEVICE_GET_REGION_INFO; drivers/vfio/vfio.c,
 * vfio_info_add_capability, vfio_info_cap_shift).
 *
 * <p>The structure, little-endian: argsz u32 @0, flags u32 @4, index u32 @8, cap_offset u32 @12,
 * size u64 @16, offset u64 @24. Capabilities follow at 32, each a header (id u16, version u16, next
 * u32 from the start of the structure) and a body.
 */
public final class RegionInfoCodec {
  /** Bytes of the structure without capabilities. */
  public static final int SIZE = 32;

  /** The longest answer that is asked for or decoded, bytes: what a peer claims is not trusted. */
  public static final int MAX_ANSWER = 1 << 16;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int ARGSZ = 0;
  private static final int FLAGS = 4;
  private static final int INDEX = 8;
  private static final int CAP_OFFSET = 12;
  private static final int REGION_SIZE = 16;
  private static final int FILE_OFFSET = 24;

  /** Whoever answers VFIO_DEVICE_GET_REGION_INFO in a structure it is given. */
  @FunctionalInterface
  public interface GetRegionInfo {
    /** As {@link #answer}: 0 or the negative of an errno. */
    int call(MemorySegment structure);
  }

  private RegionInfoCodec() {}

  /** Bytes of the complete answer for a region: the argsz with which everything is returned. */
  public static int sizeOf(RegionInfo info) {
    return SIZE + CapabilityCodec.sizeOf(info.capabilities());
  }

  /**
   * Answers VFIO_DEVICE_GET_REGION_INFO in the caller's structure, whose argsz and index are read
   * first.
   *
   * <p>Without room for the chain the call still succeeds: argsz becomes the size needed, CAPS is
   * set, cap_offset is 0. With room argsz stays as it was.
   *
   * @return 0, or the negative of an errno: EFAULT for a structure shorter than {@link #SIZE} or
   *     than its own argsz where bytes must go, EINVAL for an argsz below {@link #SIZE} or a region
   *     that does not exist
   */
  public static int answer(VfioDevice device, MemorySegment structure) {
    if (structure.byteSize() < SIZE) {
      return -Errno.EFAULT.number();
    }
    int argsz = structure.get(U32, ARGSZ);
    if (Integer.compareUnsigned(argsz, SIZE) < 0) {
      return -Errno.EINVAL.number();
    }
    RegionInfo info;
    try {
      info = device.regionInfo(structure.get(U32, INDEX));
    } catch (VfioException e) {
      return -e.errno().number();
    }
    return put(info, argsz, structure);
  }

  /** Writes what the call returns for a region to a caller that gave {@code argsz}. */
  static int put(RegionInfo info, int argsz, MemorySegment structure) {
    int needed = sizeOf(info);
    boolean caps = needed > SIZE;
    boolean fits = Integer.compareUnsigned(argsz, needed) >= 0;
    if (caps && fits && structure.byteSize() < needed) {
      return -Errno.EFAULT.number();
    }
    structure.set(U32, ARGSZ, fits ? argsz : needed);
    structure.set(U32, FLAGS, info.flags() | (caps ? RegionInfo.CAPS : 0));
    structure.set(U32, INDEX, info.index());
    structure.set(U32, CAP_OFFSET, caps && fits ? SIZE : 0);
    structure.set(U64, REGION_SIZE, info.size());
    structure.set(U64, FILE_OFFSET, info.offset());
    if (caps && fits) {
      CapabilityCodec.put(info.capabilities(), structure, SIZE);
    }
    return 0;
  }

  /** The complete answer, as to a caller whose argsz is just enough. */
  public static byte[] encode(RegionInfo info) {
    byte[] answer = new byte[sizeOf(info)];
    put(info, answer.length, MemorySegment.ofArray(answer));
    return answer;
  }

  /**
   * Asks for a region as a careful consumer does: once for the size, once more when there are
   * capabilities.
   *
   * @throws VfioException the errno that was answered; EPROTO for an answer that makes no sense
   */
  public static RegionInfo query(int index, GetRegionInfo ioctl) {
    byte[] first = ask(index, SIZE, ioctl);
    int needed = MemorySegment.ofArray(first).get(U32, ARGSZ);
    if (Integer.compareUnsigned(needed, SIZE) <= 0) {
      return decode(MemorySegment.ofArray(first));
    }
    if (Integer.compareUnsigned(needed, MAX_ANSWER) > 0) {
      throw malformed(
          index, "wants 0x%x bytes, at most 0x%x are taken".formatted(needed, MAX_ANSWER));
    }
    return decode(MemorySegment.ofArray(ask(index, needed, ioctl)));
  }

  /** A region of a device, by way of the bytes. */
  public static RegionInfo query(VfioDevice device, int index) {
    return query(index, structure -> answer(device, structure));
  }

  private static byte[] ask(int index, int argsz, GetRegionInfo ioctl) {
    byte[] bytes = new byte[argsz];
    MemorySegment structure = MemorySegment.ofArray(bytes);
    structure.set(U32, ARGSZ, argsz);
    structure.set(U32, INDEX, index);
    int result = ioctl.call(structure);
    if (result < 0) {
      throw new VfioException(
          Errno.of(-result), "VFIO_DEVICE_GET_REGION_INFO of region " + index + " failed");
    }
    return bytes;
  }

  /**
   * Reads an answer, from anyone: every offset and length is checked. Capabilities that are not
   * known are kept as they are; id 4 is told apart as {@link CapabilityCodec} says.
   *
   * @throws VfioException EPROTO, naming the region and what is wrong
   */
  public static RegionInfo decode(MemorySegment answer) {
    if (answer.byteSize() < SIZE) {
      throw new VfioException(
          Errno.EPROTO, "Region info has " + answer.byteSize() + " bytes, expected " + SIZE);
    }
    int index = answer.get(U32, INDEX);
    int flags = answer.get(U32, FLAGS);
    int capOffset = answer.get(U32, CAP_OFFSET);
    List<RegionCapability> capabilities = List.of();
    if ((flags & RegionInfo.CAPS) != 0) {
      int argsz = answer.get(U32, ARGSZ);
      if (capOffset == 0) {
        throw malformed(
            index, "has capabilities that were left out, argsz 0x%x is needed".formatted(argsz));
      }
      long length = Math.min(answer.byteSize(), Integer.toUnsignedLong(argsz));
      length = Math.min(length, MAX_ANSWER);
      capabilities =
          CapabilityCodec.chain(index, answer.asSlice(0, Math.max(length, SIZE)), capOffset);
    }
    return new RegionInfo(
        index,
        flags & ~RegionInfo.CAPS,
        answer.get(U64, REGION_SIZE),
        answer.get(U64, FILE_OFFSET),
        capabilities);
  }

  static VfioException malformed(int index, String what) {
    return new VfioException(
        Errno.EPROTO, "Region info of region " + Integer.toUnsignedString(index) + " " + what);
  }
}
