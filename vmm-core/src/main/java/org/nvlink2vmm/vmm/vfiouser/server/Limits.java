package org.nvlink2vmm.vmm.vfiouser.server;

import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;

/** What the server takes at most. */
final class Limits {
  /** Most data of one access: the protocol's default for max_data_xfer_size. */
  static final int DATA = 1 << 20;

  /** The largest message: a write of {@link #DATA}. */
  static final int MESSAGE = Header.BYTES + Payload.RegionAccess.BYTES + DATA;

  /** Descriptors in a message; libvfio-user announces the same, QEMU takes 16. */
  static final int DESCRIPTORS = 8;

  /** Mappings of guest memory: the protocol's default for max_dma_maps. */
  static final int DMA_MAPS = 65535;

  /** Largest mapping of guest memory, bytes, as libvfio-user has it. */
  static final long DMA_MAP = 8L << 40;

  /** Protocol version. libvfio-user knows minor 2, QEMU speaks 0. */
  static final int MAJOR = 0;

  static final int MINOR = 2;

  private Limits() {}
}
