package org.nvlink2vmm.dt.check;

import java.util.stream.Collectors;

/** Text from trees of unknown origin, made safe: names must not steer a terminal. */
final class Printable {
  private Printable() {}

  /** The text with control characters as {@code \x1b}. */
  static String of(String text) {
    if (text.codePoints().noneMatch(Character::isISOControl)) {
      return text;
    }
    return text.codePoints()
        .mapToObj(c -> Character.isISOControl(c) ? "\\x%02x".formatted(c) : Character.toString(c))
        .collect(Collectors.joining());
  }
}
