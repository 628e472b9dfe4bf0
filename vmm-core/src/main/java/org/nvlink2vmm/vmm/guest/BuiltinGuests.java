package org.nvlink2vmm.vmm.guest;

import java.util.List;
import java.util.Optional;

/** The guests that come with the program. */
public final class BuiltinGuests {
  private static final List<Guest> ALL = List.of(new NvlinkProbe());

  private BuiltinGuests() {}

  public static Optional<Guest> find(String name) {
    return ALL.stream().filter(guest -> guest.name().equals(name)).findFirst();
  }

  public static List<String> names() {
    return ALL.stream().map(Guest::name).toList();
  }
}
