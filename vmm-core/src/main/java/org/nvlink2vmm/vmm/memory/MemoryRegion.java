package org.nvlink2vmm.vmm.memory;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * A piece of an address space, named for what it is. Sizes are bytes.
 *
 * <p>Regions are placed into a {@link Container} through a {@link MemoryTransaction} only, so that
 * every address space which shows them swaps its view once for the whole change.
 */
public abstract sealed class MemoryRegion {
  private final String name;
  private final long size;

  private MemoryRegion(String name, long size) {
    if (size <= 0) {
      throw new IllegalArgumentException("Region " + name + " has size " + size);
    }
    this.name = Objects.requireNonNull(name, "name");
    this.size = size;
  }

  /** For people: appears in listings and reports. */
  public String name() {
    return name;
  }

  public long size() {
    return size;
  }

  @Override
  public String toString() {
    return name + " (0x" + Long.toHexString(size) + " bytes)";
  }

  /** Guest RAM: off-heap bytes that devices may reach by DMA. */
  public static final class Ram extends MemoryRegion {
    private final MemorySegment segment;

    public Ram(String name, MemorySegment segment) {
      super(name, segment.byteSize());
      this.segment = segment;
    }

    public MemorySegment segment() {
      return segment;
    }
  }

  /** Bytes that belong to a device, such as GPU RAM: loads and stores, never a handler call. */
  public static final class RamDevice extends MemoryRegion {
    private final MemorySegment segment;

    public RamDevice(String name, MemorySegment segment) {
      super(name, segment.byteSize());
      this.segment = segment;
    }

    public MemorySegment segment() {
      return segment;
    }
  }

  /** Registers: every access calls the handler. */
  public static final class Mmio extends MemoryRegion {
    private final AccessRules rules;
    private final MmioHandler handler;

    public Mmio(String name, long size, AccessRules rules, MmioHandler handler) {
      super(name, size);
      this.rules = Objects.requireNonNull(rules, "rules");
      this.handler = Objects.requireNonNull(handler, "handler");
    }

    public AccessRules rules() {
      return rules;
    }

    public MmioHandler handler() {
      return handler;
    }
  }

  /** Part of another region, shown at a second place. */
  public static final class Alias extends MemoryRegion {
    private final MemoryRegion target;
    private final long offset;

    public Alias(String name, MemoryRegion target, long offset, long size) {
      super(name, size);
      Objects.checkFromIndexSize(offset, size, target.size());
      this.target = target;
      this.offset = offset;
    }

    public MemoryRegion target() {
      return target;
    }

    public long offset() {
      return offset;
    }
  }

  /** Other regions at offsets; where they overlap the higher priority shows, then the later one. */
  public static final class Container extends MemoryRegion {
    private final List<Placement> placements = new ArrayList<>();

    public Container(String name, long size) {
      super(name, size);
    }

    List<Placement> placements() {
      return Collections.unmodifiableList(placements);
    }

    void place(Placement placement) {
      Objects.checkFromIndexSize(placement.offset(), 1, size());
      placements.add(placement);
    }

    boolean displace(MemoryRegion region) {
      return placements.removeIf(placement -> placement.region() == region);
    }
  }

  /** A region at an offset of its container; the part past the container's end does not show. */
  record Placement(long offset, MemoryRegion region, int priority) {}
}
