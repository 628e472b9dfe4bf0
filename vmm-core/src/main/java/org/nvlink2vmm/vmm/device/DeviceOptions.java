package org.nvlink2vmm.vmm.device;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The options that a machine file gives a device: known names, values already of the option's kind
 * ({@link Long}, {@link String}, {@link Boolean}).
 *
 * @param path where in the machine file they stand, for errors: {@code phbs[1].devices[2]}
 */
public record DeviceOptions(String path, Map<String, Object> values) {
  public DeviceOptions {
    values = Map.copyOf(values);
  }

  /** Without any option. */
  public static DeviceOptions none(String path) {
    return new DeviceOptions(path, Map.of());
  }

  public OptionalLong number(String name) {
    return values.get(name) instanceof Long number ? OptionalLong.of(number) : OptionalLong.empty();
  }

  public Optional<String> text(String name) {
    return Optional.ofNullable(values.get(name))
        .filter(String.class::isInstance)
        .map(String.class::cast);
  }

  public Optional<Boolean> flag(String name) {
    return Optional.ofNullable(values.get(name))
        .filter(Boolean.class::isInstance)
        .map(Boolean.class::cast);
  }
}
