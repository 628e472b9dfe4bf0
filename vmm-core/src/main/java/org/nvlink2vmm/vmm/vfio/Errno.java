package org.nvlink2vmm.vmm.vfio;

/** Linux error numbers (include/uapi/asm-generic/errno-base.h, errno.h) that VFIO answers with. */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  EIO(5),
  ENXIO(6),
  E2BIG(7),
  EBADF(9),
  EAGAIN(11),
  ENOMEM(12),
  EACCES(13),
  EFAULT(14),
  EBUSY(16),
  EEXIST(17),
  ENODEV(19),
  EINVAL(22),
  ENFILE(23),
  EMFILE(24),
  ENOTTY(25),
  ENOSPC(28),
  EPROTO(71),
  EOPNOTSUPP(95),
  ETIMEDOUT(110),
  ENOTSUPP(524);

  private final int number;

  Errno(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** The constant of a number; EIO for one that is not listed. */
  public static Errno of(int number) {
    for (Errno errno : values()) {
      if (errno.number == number) {
        return errno;
      }
    }
    return EIO;
  }
}
