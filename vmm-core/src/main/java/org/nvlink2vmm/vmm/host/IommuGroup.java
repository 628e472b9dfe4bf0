package org.nvlink2vmm.vmm.host;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;

/**
 * Functions that can only be given away together. All GPUs and bridges of one NPU share a compound
 * group (Linux arch/powerpc/platforms/powernv/npu-dma.c); any other function is alone in its own.
 *
 * <p>While any function is open the group belongs to a container: the host has taken its own
 * context off the GPUs, and gives itself back when the last one closes.
 */
public final class IommuGroup {
  private final int number;
  private final List<HostBdf> members;
  private final List<HostBdf> gpus;
  private final LparContexts contexts;
  private volatile Optional<KvmAttachment> kvm = Optional.empty();
  private int users;

  IommuGroup(int number, List<HostBdf> members, List<HostBdf> gpus, LparContexts contexts) {
    this.number = number;
    this.members = List.copyOf(members);
    this.gpus = List.copyOf(gpus);
    this.contexts = contexts;
  }

  public int number() {
    return number;
  }

  /** The functions of the group, bridges and GPUs, in address order. */
  public List<HostBdf> members() {
    return members;
  }

  List<HostBdf> gpus() {
    return gpus;
  }

  /**
   * Makes a KVM guest known to the group. Only functions that are opened afterwards are mapped to
   * its partition: the driver's notifier lives no longer than its init hook.
   */
  public void attach(KvmAttachment guest) {
    kvm = Optional.of(guest);
  }

  /** Forgets the KVM guest; functions that are open stay mapped to its partition. */
  public void detach() {
    kvm = Optional.empty();
  }

  public Optional<KvmAttachment> kvm() {
    return kvm;
  }

  /** A function is about to be opened: the first takes the group from the host. */
  void hold() {
    if (users++ == 0) {
      gpus.forEach(gpu -> contexts.unmap("attach", gpu));
    }
  }

  /** A function was closed: the last gives the group back to the host. */
  void drop() {
    if (--users == 0) {
      gpus.forEach(gpu -> contexts.own("detach", gpu));
    }
  }

  @Override
  public String toString() {
    return "IOMMU group " + number;
  }
}
