package org.nvlink2vmm.vmm.vfiouser.codec;

/**
 * Where the fields of each payload lie, in bytes from the end of the header, and their flags (QEMU
 * docs/interop/vfio-user.rst; the numbers are those of Linux include/uapi/linux/vfio.h where the
 * structures are VFIO's). Fields are u32 unless their name stands beside "u64" or "u16".
 */
public final class Payload {
  /** In every structure that has it: how much the sender can take, or how much it would need. */
  public static final int ARGSZ = 0;

  private Payload() {}

  /** Command 1: two u16, then JSON that ends with a zero byte. */
  public static final class Version {
    public static final int MAJOR = 0;
    public static final int MINOR = 2;
    public static final int JSON = 4;

    private Version() {}
  }

  /** Command 2. */
  public static final class DmaMap {
    public static final int FLAGS = 4;

    /** u64, in the descriptor's file. */
    public static final int OFFSET = 8;

    /** u64, an I/O virtual address. */
    public static final int IOVA = 16;

    /** u64. */
    public static final int SIZE = 24;

    public static final int BYTES = 32;

    public static final int READABLE = 1;
    public static final int WRITABLE = 2;

    /** libvfio-user's wish that the descriptor be mapped. */
    public static final int BY_MMAP = 4;

    /** libvfio-user's wish that the descriptor be read and written. */
    public static final int BY_FILE_IO = 8;

    private DmaMap() {}
  }

  /** Command 3. */
  public static final class DmaUnmap {
    public static final int FLAGS = 4;

    /** u64. */
    public static final int IOVA = 8;

    /** u64. */
    public static final int SIZE = 16;

    public static final int BYTES = 24;

    public static final int DIRTY_BITMAP = 1;
    public static final int ALL = 2;

    private DmaUnmap() {}
  }

  /** Command 4. */
  public static final class DeviceInfo {
    public static final int FLAGS = 4;
    public static final int REGIONS = 8;
    public static final int IRQS = 12;
    public static final int BYTES = 16;

    private DeviceInfo() {}
  }

  /** Command 5; capabilities follow the fixed part. */
  public static final class RegionInfo {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;

    /** From the start of this structure; 0 for none. */
    public static final int CAP_OFFSET = 12;

    /** u64. */
    public static final int SIZE = 16;

    /** u64, of the region in the descriptor's file. */
    public static final int OFFSET = 24;

    public static final int BYTES = 32;

    private RegionInfo() {}
  }

  /** Command 6. */
  public static final class RegionIoFds {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int COUNT = 12;
    public static final int BYTES = 16;

    private RegionIoFds() {}
  }

  /** Command 7. */
  public static final class IrqInfo {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int COUNT = 12;
    public static final int BYTES = 16;

    private IrqInfo() {}
  }

  /** Command 8; a byte a vector follows {@link #BYTES} when the data are {@link #BOOL}. */
  public static final class SetIrqs {
    public static final int FLAGS = 4;
    public static final int INDEX = 8;
    public static final int START = 12;
    public static final int COUNT = 16;
    public static final int BYTES = 20;

    public static final int NONE = 1;
    public static final int BOOL = 2;
    public static final int EVENTFD = 4;
    public static final int DATA = NONE | BOOL | EVENTFD;
    public static final int MASK = 8;
    public static final int UNMASK = 16;
    public static final int TRIGGER = 32;
    public static final int ACTION = MASK | UNMASK | TRIGGER;

    private SetIrqs() {}
  }

  /** Commands 9 and 10. */
  public static final class RegionAccess {
    /** u64. */
    public static final int OFFSET = 0;

    public static final int REGION = 8;
    public static final int COUNT = 12;
    public static final int BYTES = 16;

    private RegionAccess() {}
  }

  /** Commands 11 and 12. */
  public static final class DmaAccess {
    /** u64. */
    public static final int IOVA = 0;

    /** u64. */
    public static final int COUNT = 8;

    public static final int BYTES = 16;

    private DmaAccess() {}
  }

  /** Command 15: a u64 count, then so many writes. */
  public static final class WriteMulti {
    public static final int FIRST = 8;

    /** One write, from its own start. */
    public static final int OFFSET = 0;

    public static final int REGION = 8;
    public static final int COUNT = 12;
    public static final int DATA = 16;
    public static final int BYTES = 24;

    private WriteMulti() {}
  }

  /** Command 16 (vfio.h, struct vfio_device_feature). */
  public static final class Feature {
    public static final int FLAGS = 4;
    public static final int BYTES = 8;

    public static final int FEATURE = 0xffff;
    public static final int GET = 1 << 16;
    public static final int SET = 1 << 17;
    public static final int PROBE = 1 << 18;

    /** Data of {@link #MIGRATION}: u64 flags. */
    public static final int MIGRATION_BYTES = 16;

    public static final int MIGRATION = 1;
    public static final int STOP_COPY = 1;

    /** Data of {@link #DEVICE_STATE}: the state, then a descriptor number that is not used. */
    public static final int STATE = 8;

    public static final int DATA_FD = 12;
    public static final int STATE_BYTES = 16;
    public static final int DEVICE_STATE = 2;

    private Feature() {}
  }

  /** Commands 17 and 18. */
  public static final class MigrationData {
    public static final int SIZE = 4;
    public static final int BYTES = 8;

    private MigrationData() {}
  }
}
