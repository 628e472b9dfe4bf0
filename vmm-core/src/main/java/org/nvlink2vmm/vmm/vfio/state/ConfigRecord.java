package org.nvlink2vmm.vmm.vfio.state;

import java.nio.ByteBuffer;
import org.nvlink2vmm.vmm.pci.ConfigSpace;

/**
 * Configuration space as a record. Bits that software can neither write nor clear must be as they
 * are here, since a device with others is another device.
 */
public final class ConfigRecord implements StateRecord {
  /** End of the standard header, bytes. */
  private static final int HEADER = 0x40;

  private final ConfigSpace space;
  private final int ignoredAt;
  private final int ignored;
  private final boolean placed;

  private ConfigRecord(ConfigSpace space, int ignoredAt, int ignored, boolean placed) {
    this.space = space;
    this.ignoredAt = ignoredAt;
    this.ignored = ignored;
    this.placed = placed;
  }

  /** All of a space. */
  public static ConfigRecord of(ConfigSpace space) {
    return new ConfigRecord(space, 0, 0, true);
  }

  /**
   * Without the header behind the ids: Command, Status and BARs of a function in a host are the
   * host's affair, whose user sees a copy of them.
   */
  public ConfigRecord withoutPlacement() {
    return new ConfigRecord(space, ignoredAt, ignored, false);
  }

  /** Without bits that the device derives from other state, in the dword at {@code offset}. */
  public ConfigRecord ignoring(int offset, int bits) {
    return new ConfigRecord(space, offset, bits, placed);
  }

  @Override
  public String name() {
    return "config";
  }

  @Override
  public int size() {
    return space.size();
  }

  private boolean skips(int offset) {
    return !placed && offset > 0 && offset < HEADER;
  }

  private int relevant(int offset) {
    return offset == ignoredAt ? ~ignored : -1;
  }

  @Override
  public void save(ByteBuffer target) {
    for (int offset = 0; offset < space.size(); offset += 4) {
      target.putInt(skips(offset) ? 0 : (int) space.load(offset, 4) & relevant(offset));
    }
  }

  @Override
  public void check(ByteBuffer source) throws StateException {
    for (int offset = 0; offset < space.size(); offset += 4) {
      int value = source.getInt(offset);
      int here = skips(offset) ? 0 : (int) space.load(offset, 4);
      int fixed = skips(offset) ? -1 : relevant(offset) & ~space.changeable(offset);
      if (((value ^ here) & fixed) != 0 || (value & ~relevant(offset)) != 0) {
        throw new StateException(
            "configuration space at 0x%x is 0x%08x, which a device that has 0x%08x cannot become"
                .formatted(offset, value, here));
      }
    }
  }

  @Override
  public void restore(ByteBuffer source) {
    for (int offset = 0; offset < space.size(); offset += 4) {
      if (!skips(offset)) {
        space.update(offset, 4, space.changeable(offset), source.getInt(offset));
      }
    }
  }
}
