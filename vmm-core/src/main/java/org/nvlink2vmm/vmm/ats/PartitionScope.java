package org.nvlink2vmm.vmm.ats;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The partition-scoped translation of a guest: which host-physical addresses its guest-physical
 * ones are. What a hypervisor keeps as a second radix tree, here as a sorted table of ranges, which
 * is what such a tree comes to when memory is backed in large pieces. Immutable; lookups allocate
 * nothing.
 */
public final class PartitionScope {
  /** The answer for an address that the guest does not have. */
  public static final long NONE = -1;

  private final long[] starts;
  private final long[] sizes;
  private final long[] hosts;

  private PartitionScope(List<Range> sorted) {
    starts = sorted.stream().mapToLong(Range::gpa).toArray();
    sizes = sorted.stream().mapToLong(Range::size).toArray();
    hosts = sorted.stream().mapToLong(Range::hpa).toArray();
  }

  /**
   * Guest memory that lies in one piece in the host.
   *
   * @param gpa guest-physical start, bytes, a multiple of 4096 as the other two
   * @param size bytes
   * @param hpa host-physical start
   */
  public record Range(long gpa, long size, long hpa) {
    public Range {
      if (gpa < 0 || hpa < 0 || size <= 0 || gpa + size < 0 || hpa + size < 0) {
        throw new IllegalArgumentException(
            "Range 0x%x + 0x%x at host 0x%x leaves the address space".formatted(gpa, size, hpa));
      }
      if (((gpa | size | hpa) & 0xfff) != 0) {
        throw new IllegalArgumentException(
            "Range 0x%x + 0x%x at host 0x%x is not made of 4 KiB pages".formatted(gpa, size, hpa));
      }
    }
  }

  /**
   * The scope that consists of these ranges.
   *
   * @throws IllegalArgumentException when two overlap
   */
  public static PartitionScope of(List<Range> ranges) {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingLong(Range::gpa));
    for (int i = 1; i < sorted.size(); i++) {
      Range before = sorted.get(i - 1);
      if (before.gpa() + before.size() > sorted.get(i).gpa()) {
        throw new IllegalArgumentException(before + " and " + sorted.get(i) + " overlap");
      }
    }
    return new PartitionScope(sorted);
  }

  /** The host-physical address of a guest-physical one; {@link #NONE} when the guest lacks it. */
  public long host(long gpa) {
    int at = find(gpa);
    return at < 0 ? NONE : hosts[at] + gpa - starts[at];
  }

  /**
   * Whether the naturally aligned block of {@code 1 << shift} bytes around an address is one block,
   * aligned alike, in the host: whether it can be one page to a device.
   */
  public boolean isBlock(long gpa, int shift) {
    int at = find(gpa);
    if (at < 0) {
      return false;
    }
    long block = 1L << shift;
    long first = gpa & -block;
    return first >= starts[at]
        && first + block <= starts[at] + sizes[at]
        && ((starts[at] ^ hosts[at]) & (block - 1)) == 0;
  }

  private int find(long gpa) {
    int low = 0;
    int high = starts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (starts[middle] <= gpa) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high >= 0 && gpa - starts[high] < sizes[high] ? high : -1;
  }
}
