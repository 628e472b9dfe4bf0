package org.nvlink2vmm.dt.tree;

/**
 * A tree does not say what its reader needs: names the node, the property and what was expected.
 */
public final class DeviceTreeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeviceTreeException(String message) {
    super(message);
  }
}
