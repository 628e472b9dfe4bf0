package org.nvlink2vmm.vmm.device;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * A kind of device, found by {@link java.util.ServiceLoader}. Stateless; a machine asks it for the
 * parts that it needs.
 */
public interface DevicePlugin {
  /** The name in machine files, unique: {@code v100}. */
  String name();

  /** What default ids in machine files begin with: {@code gpu} gives {@code gpu0}, ... */
  default String idPrefix() {
    return name();
  }

  /** One line for {@code vmm devices}. */
  String description();

  /** The options that it takes, in the order in which they are listed. */
  List<DeviceOption> options();

  /**
   * The hardware of this kind that sits in a host. Called once a host, before any function is
   * opened; functions come into being as they are asked for.
   */
  default Optional<HostHardware> hardware(HostContext host) {
    return Optional.empty();
  }

  /** The kernel's vendor half for functions of this kind. */
  default Optional<HostSubdriver> subdriver() {
    return Optional.empty();
  }

  /**
   * A device that is described directly ({@code vfio: {...}}), without a host.
   *
   * @throws DeviceOptionException for a value that does not fit
   */
  VfioDevice described(String id, DeviceOptions description, DeviceOptions options);

  /**
   * The consumer: looks at the VFIO device as a guest driver's host would and says what NVLink
   * means for it. The function itself (config space, BARs) is made by the core for every device
   * alike.
   */
  default Optional<NvlinkFacet> nvlink(VfioDevice device) {
    return Optional.empty();
  }
}
