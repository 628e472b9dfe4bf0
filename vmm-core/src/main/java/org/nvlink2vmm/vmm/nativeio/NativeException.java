package org.nvlink2vmm.vmm.nativeio;

/** A call to the operating system failed, or could not be made at all. One line says which. */
public final class NativeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final int errno;

  /**
   * @param operation what was called, such as {@code mmap}
   * @param errno the C library's error number; 0 when the call was not made
   * @param details what it was called for, or why it could not be made
   */
  public NativeException(String operation, int errno, String details) {
    super(
        errno == 0
            ? operation + ": " + details
            : operation + ": " + details + ": " + Libc.errorText(errno) + " (errno " + errno + ")");
    this.operation = operation;
    this.errno = errno;
  }

  public String operation() {
    return operation;
  }

  /** The C library's error number; 0 when the call could not be made. */
  public int errno() {
    return errno;
  }
}
