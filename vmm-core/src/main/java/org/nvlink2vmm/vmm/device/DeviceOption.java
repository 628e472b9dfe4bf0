package org.nvlink2vmm.vmm.device;

import java.util.Optional;

/**
 * An option that a plug-in takes in a machine file.
 *
 * @param name as written in the file
 * @param kind what its value is
 * @param defaultValue as it would be written; empty when there is none and the option may be left
 *     out
 * @param description one line for {@code vmm devices}
 * @param scope where it may stand
 */
public record DeviceOption(
    String name,
    Kind kind,
    boolean required,
    Optional<String> defaultValue,
    String description,
    Scope scope) {
  /** Kinds of values. */
  public enum Kind {
    /** A number, unsigned 64 bits; decimal, hexadecimal, with binary suffix. */
    NUMBER,
    TEXT,
    BOOLEAN
  }

  /** Where an option may stand. */
  public enum Scope {
    /** Beside {@code device:}. */
    DEVICE,
    /** Inside {@code vfio: {...}}. */
    DESCRIPTION
  }
}
