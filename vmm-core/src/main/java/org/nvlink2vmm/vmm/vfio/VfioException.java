package org.nvlink2vmm.vmm.vfio;

/** A VFIO call failed as the kernel's would: the errno and one line that says what was wrong. */
public final class VfioException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Errno errno;

  public VfioException(Errno errno, String message) {
    super(message);
    this.errno = errno;
  }

  public VfioException(Errno errno, String message, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  public Errno errno() {
    return errno;
  }
}
