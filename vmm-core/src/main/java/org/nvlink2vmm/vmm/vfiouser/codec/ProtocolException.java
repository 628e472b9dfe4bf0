package org.nvlink2vmm.vmm.vfiouser.codec;

/** The peer sent what the protocol does not allow; one line says what. */
public final class ProtocolException extends Exception {
  private static final long serialVersionUID = 1L;

  public ProtocolException(String message) {
    super(message);
  }

  public ProtocolException(String message, Throwable cause) {
    super(message, cause);
  }
}
