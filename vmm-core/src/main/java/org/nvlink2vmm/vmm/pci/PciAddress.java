package org.nvlink2vmm.vmm.pci;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A function's place in a host: PCI domain (16 bits), bus, device (5 bits), function (3 bits). */
public record PciAddress(int domain, int bus, int device, int function)
    implements Comparable<PciAddress> {
  private static final Pattern TEXT =
      Pattern.compile("(\\p{XDigit}{4}):(\\p{XDigit}{2}):([01]\\p{XDigit})\\.([0-7])");

  public PciAddress {
    if (domain >>> 16 != 0 || bus >>> 8 != 0 || device >>> 5 != 0 || function >>> 3 != 0) {
      throw new IllegalArgumentException(
          "PCI address out of range: %x:%x:%x.%x".formatted(domain, bus, device, function));
    }
  }

  /** Reads {@code DDDD:BB:DD.F}; empty for anything else. */
  public static Optional<PciAddress> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches()
        ? Optional.of(
            new PciAddress(
                Integer.parseInt(matcher.group(1), 16),
                Integer.parseInt(matcher.group(2), 16),
                Integer.parseInt(matcher.group(3), 16),
                Integer.parseInt(matcher.group(4), 16)))
        : Optional.empty();
  }

  /** Bus, device and function in 16 bits, as in configuration cycles. */
  public int bdfn() {
    return bus << 8 | device << 3 | function;
  }

  /** Device and function in 8 bits. */
  public int devfn() {
    return device << 3 | function;
  }

  @Override
  public int compareTo(PciAddress other) {
    return Integer.compare(domain << 16 | bdfn(), other.domain << 16 | other.bdfn());
  }

  @Override
  public String toString() {
    return "%04x:%02x:%02x.%x".formatted(domain, bus, device, function);
  }
}
