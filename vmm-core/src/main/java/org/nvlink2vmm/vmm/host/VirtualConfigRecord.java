package org.nvlink2vmm.vmm.host;

import java.nio.ByteBuffer;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * The kernel's copy of configuration space, as far as its user has written it, and what that has
 * made of the Command register.
 */
final class VirtualConfigRecord implements StateRecord {
  private static final int COMMAND_BYTES = 4;

  private final VirtualConfig config;

  VirtualConfigRecord(VirtualConfig config) {
    this.config = config;
  }

  @Override
  public String name() {
    return "vfio";
  }

  @Override
  public int size() {
    return COMMAND_BYTES + config.size();
  }

  @Override
  public void save(ByteBuffer target) {
    target.putInt(config.command());
    for (int at = 0; at < config.size(); at++) {
      target.put((byte) config.kept(at));
    }
  }

  @Override
  public void check(ByteBuffer source) throws StateException {
    if (source.getInt(0) >>> 16 != 0) {
      throw new StateException("Command is 0x%x".formatted(source.getInt(0)));
    }
    for (int at = 0; at < config.size(); at++) {
      int value = Byte.toUnsignedInt(source.get(COMMAND_BYTES + at));
      if ((value & ~config.keeps(at)) != 0) {
        throw new StateException(
            "virtual configuration space at 0x%x has bits 0x%02x, only 0x%02x are kept"
                .formatted(at, value, config.keeps(at)));
      }
    }
  }

  @Override
  public void restore(ByteBuffer source) {
    int command = source.getInt();
    for (int at = 0; at < config.size(); at++) {
      config.keep(at, source.get());
    }
    config.restoreCommand(command);
  }
}
