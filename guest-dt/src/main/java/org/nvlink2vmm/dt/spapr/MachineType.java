package org.nvlink2vmm.dt.spapr;

import java.util.Locale;
import java.util.Optional;

/**
 * The guest machine version, which keeps the guest's interface across QEMU releases. Older types
 * than {@code pseries-4.0} behave as that one does: they have no NVLink windows.
 */
public enum MachineType {
  PSERIES_4_0,
  PSERIES_4_1,
  PSERIES_4_2,
  PSERIES_5_0,
  PSERIES_5_1,
  PSERIES_5_2,
  PSERIES_6_0,
  PSERIES_6_1,
  PSERIES_6_2,
  PSERIES_7_0,
  PSERIES_7_1;

  /** The type of that name, such as {@code pseries-6.2}. */
  public static Optional<MachineType> of(String text) {
    for (MachineType type : values()) {
      if (type.text().equals(text)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The name by which users know it: {@code pseries-6.2}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replaceFirst("_", "-").replace('_', '.');
  }

  boolean isAtLeast(MachineType other) {
    return compareTo(other) >= 0;
  }

  /** From pseries-4.1 on vPHBs have windows for GPU RAM and ATSD registers. */
  public boolean hasNvlinkWindows() {
    return isAtLeast(PSERIES_4_1);
  }
}
