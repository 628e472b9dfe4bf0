package org.nvlink2vmm.dt.powernv;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a PCI function sits in the host's Linux: domain (16 bits), bus (8), device (5), function
 * (3).
 *
 * <p>The domain is the low half of the host bridge's {@code ibm,opal-phbid} (Linux
 * arch/powerpc/kernel/pci-common.c, {@code get_phb_number}).
 */
public record HostBdf(int domain, int bus, int device, int function)
    implements Comparable<HostBdf> {
  private static final Pattern TEXT =
      Pattern.compile("([0-9a-fA-F]{4}):([0-9a-fA-F]{2}):([01][0-9a-fA-F])\\.([0-7])");

  public HostBdf {
    requireBits("domain", domain, 16);
    requireBits("bus", bus, 8);
    requireBits("device", device, 5);
    requireBits("function", function, 3);
  }

  private static void requireBits(String what, int number, int bits) {
    if (number >>> bits != 0) {
      throw new IllegalArgumentException(
          "PCI %s 0x%x does not fit %d bits".formatted(what, number, bits));
    }
  }

  /**
   * Reads {@code DDDD:BB:DD.F}, the form of lspci and sysfs.
   *
   * @throws IllegalArgumentException when the text has another form
   */
  public static HostBdf parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"%s\" is no PCI address, expected DDDD:BB:DD.F such as 0004:04:00.0".formatted(text));
    }
    return new HostBdf(
        Integer.parseInt(matcher.group(1), 16),
        Integer.parseInt(matcher.group(2), 16),
        Integer.parseInt(matcher.group(3), 16),
        Integer.parseInt(matcher.group(4), 16));
  }

  /** From the first cell of a PCI {@code reg}: bus in bits 23:16, devfn in bits 15:8. */
  static HostBdf ofRegCell(int domain, int cell) {
    return new HostBdf(domain, cell >>> 16 & 0xff, cell >>> 11 & 0x1f, cell >>> 8 & 0x7);
  }

  /** Device number times 8 plus function number. */
  public int devfn() {
    return device << 3 | function;
  }

  /** Bus in bits 15:8, devfn in bits 7:0, as OPAL calls and the NPU's BDF map take it. */
  public int bdfn() {
    return bus << 8 | devfn();
  }

  @Override
  public int compareTo(HostBdf other) {
    return Integer.compareUnsigned(domain << 16 | bdfn(), other.domain << 16 | other.bdfn());
  }

  @Override
  public String toString() {
    return "%04x:%02x:%02x.%x".formatted(domain, bus, device, function);
  }
}
