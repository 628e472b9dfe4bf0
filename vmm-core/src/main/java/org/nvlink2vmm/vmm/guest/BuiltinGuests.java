package org.nvlink2vmm.vmm.guest;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The guests that come with the program. */
public final class BuiltinGuests {
  private BuiltinGuests() {}

  private static List<Guest> all(Duration load) {
    return List.of(new NvlinkProbe(), new AtsStress(load));
  }

  /**
   * A guest by its name.
   *
   * @param load how long a guest works that puts load on the machine
   */
  public static Optional<Guest> find(String name, Duration load) {
    return all(load).stream().filter(guest -> guest.name().equals(name)).findFirst();
  }

  public static List<String> names() {
    return all(Duration.ZERO).stream().map(Guest::name).toList();
  }
}
