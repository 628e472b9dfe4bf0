package org.nvlink2vmm.vmm.vfiouser.server;

import org.nvlink2vmm.vmm.vfio.Errno;

/** Negative errnos, as commands answer in place of the size of their reply's payload. */
final class Failure {
  static final int EINVAL = -Errno.EINVAL.number();
  static final int ENOENT = -Errno.ENOENT.number();
  static final int EEXIST = -Errno.EEXIST.number();
  static final int ENOSPC = -Errno.ENOSPC.number();
  static final int EBUSY = -Errno.EBUSY.number();
  static final int ENOTTY = -Errno.ENOTTY.number();
  static final int EIO = -Errno.EIO.number();

  private Failure() {}
}
