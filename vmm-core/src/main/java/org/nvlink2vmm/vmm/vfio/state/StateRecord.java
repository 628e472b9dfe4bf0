package org.nvlink2vmm.vmm.vfio.state;

import java.nio.ByteBuffer;

/** A part of a device's state that is small and always has the same size, such as its registers. */
public interface StateRecord {
  /** Tells it from the device's other records: 1 to 8 characters of ASCII. */
  String name();

  /** Bytes, at most {@link StateFormat#MOST_RECORD}. */
  int size();

  /** Puts {@link #size} bytes; the buffer is little-endian. */
  void save(ByteBuffer target);

  /**
   * Looks at a record that came from outside; nothing of it takes effect yet.
   *
   * @param source {@link #size} bytes, little-endian
   * @throws StateException when a device like this one cannot have that state
   */
  void check(ByteBuffer source) throws StateException;

  /** Takes over a record that was checked; must not fail. */
  void restore(ByteBuffer source);
}
