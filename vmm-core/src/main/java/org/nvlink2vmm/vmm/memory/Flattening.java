package org.nvlink2vmm.vmm.memory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Turns a region tree into a {@link FlatView}: the highest priority first, each claims what is
 * free.
 */
final class Flattening {
  private final TreeMap<Long, FlatView.Range> claimed = new TreeMap<>();

  static FlatView of(MemoryRegion root) {
    Flattening flattening = new Flattening();
    flattening.show(root, 0, 0, root.size());
    return new FlatView(List.copyOf(flattening.claimed.values()));
  }

  /** Shows {@code size} bytes of a region from its {@code offset} on at {@code at}. */
  private void show(MemoryRegion region, long at, long offset, long size) {
    switch (region) {
      case MemoryRegion.Alias alias -> show(alias.target(), at, alias.offset() + offset, size);
      case MemoryRegion.Container container -> showAll(container, at, offset, size);
      default -> claim(region, at, offset, size);
    }
  }

  private void showAll(MemoryRegion.Container container, long at, long offset, long size) {
    List<MemoryRegion.Placement> byPriority = new ArrayList<>(container.placements().reversed());
    byPriority.sort(Comparator.comparingInt(MemoryRegion.Placement::priority).reversed());
    for (MemoryRegion.Placement placement : byPriority) {
      long from = Math.max(offset, placement.offset());
      long to = Math.min(offset + size, placement.offset() + placement.region().size());
      if (placement.offset() + placement.region().size() < 0) {
        to = offset + size;
      }
      if (from < to) {
        show(placement.region(), at + from - offset, from - placement.offset(), to - from);
      }
    }
  }

  /** Claims the parts of {@code [at, at + size)} that nothing of higher priority has claimed. */
  private void claim(MemoryRegion region, long at, long offset, long size) {
    long end = at + size;
    long from = at;
    while (from < end) {
      Map.Entry<Long, FlatView.Range> below = claimed.floorEntry(from);
      if (below != null && below.getValue().start + below.getValue().size > from) {
        from = below.getValue().start + below.getValue().size;
        continue;
      }
      Long next = claimed.higherKey(from);
      long to = next == null ? end : Math.min(end, next);
      claimed.put(from, new FlatView.Range(from, to - from, region, offset + from - at));
      from = to;
    }
  }
}
