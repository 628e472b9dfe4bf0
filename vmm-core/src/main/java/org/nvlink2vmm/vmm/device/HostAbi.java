package org.nvlink2vmm.vmm.device;

/**
 * Which VFIO interface a host kernel speaks.
 *
 * @param draft the v4 patch of November 2018 rather than mainline
 * @param minor with mainline: the 5.x release, 0 to 12
 */
public record HostAbi(boolean draft, int minor) {
  /** The v4 patch. */
  public static final HostAbi V4 = new HostAbi(true, 0);

  /** The last release that has the driver. */
  public static final HostAbi LATEST = mainline(12);

  public HostAbi {
    if (minor < 0 || minor > 12) {
      throw new IllegalArgumentException("Kernel 5." + minor + " is not one of 5.0 to 5.12");
    }
  }

  /** Mainline 5.{@code minor}. */
  public static HostAbi mainline(int minor) {
    return new HostAbi(false, minor);
  }

  /** Whether behaviour that came with mainline 5.{@code minor} applies. */
  public boolean since(int release) {
    return !draft && minor >= release;
  }

  @Override
  public String toString() {
    return draft ? "v4" : "5." + minor;
  }
}
