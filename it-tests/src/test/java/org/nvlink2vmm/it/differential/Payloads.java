package org.nvlink2vmm.it.differential;

import org.nvlink2vmm.it.raw.RawClient;

/** Payloads of requests, little-endian. */
final class Payloads {
  static final int VERSION = 1;
  static final int DMA_MAP = 2;
  static final int DMA_UNMAP = 3;
  static final int GET_INFO = 4;
  static final int GET_REGION_INFO = 5;
  static final int GET_REGION_IO_FDS = 6;
  static final int GET_IRQ_INFO = 7;
  static final int SET_IRQS = 8;
  static final int REGION_READ = 9;
  static final int REGION_WRITE = 10;
  static final int DEVICE_RESET = 13;
  static final int WRITE_MULTI = 15;
  static final int FEATURE = 16;
  static final int MIG_DATA_READ = 17;
  static final int MIG_DATA_WRITE = 18;

  static final int READ_WRITE = 3;

  private Payloads() {}

  static byte[] info(int argsz) {
    return RawClient.words(argsz, 0, 0, 0);
  }

  static byte[] regionInfo(int argsz, int index) {
    return RawClient.words(argsz, 0, index, 0, 0, 0, 0, 0);
  }

  static byte[] irqInfo(int argsz, int index) {
    return RawClient.words(argsz, 0, index, 0);
  }

  static byte[] irqs(int argsz, int flags, int index, int start, int count, int... data) {
    RawClient.Bytes payload = RawClient.bytes(20 + data.length);
    payload.u32(argsz).u32(flags).u32(index).u32(start).u32(count);
    for (int b : data) {
      payload.put((byte) b);
    }
    return payload.array();
  }

  static byte[] access(int region, long offset, int count, byte... data) {
    RawClient.Bytes payload = RawClient.bytes(16 + data.length);
    return payload.u64(offset).u32(region).u32(count).put(data).array();
  }

  static byte[] write32(int region, long offset, int value) {
    return RawClient.bytes(20).u64(offset).u32(region).u32(4).u32(value).array();
  }

  static byte[] write16(int region, long offset, int value) {
    return RawClient.bytes(18).u64(offset).u32(region).u32(2).u16(value).array();
  }

  static byte[] write8(int region, long offset, int value) {
    return access(region, offset, 1, (byte) value);
  }

  static byte[] map(int argsz, int flags, long offset, long iova, long size) {
    RawClient.Bytes payload = RawClient.bytes(32);
    return payload.u32(argsz).u32(flags).u64(offset).u64(iova).u64(size).array();
  }

  static byte[] map(int flags, long offset, long iova, long size) {
    return map(32, flags, offset, iova, size);
  }

  static byte[] unmap(int argsz, int flags, long iova, long size) {
    return RawClient.bytes(24).u32(argsz).u32(flags).u64(iova).u64(size).array();
  }

  static byte[] unmap(long iova, long size) {
    return unmap(24, 0, iova, size);
  }

  static byte[] state(int state) {
    return RawClient.words(16, 2 | 1 << 17, state, 0);
  }
}
