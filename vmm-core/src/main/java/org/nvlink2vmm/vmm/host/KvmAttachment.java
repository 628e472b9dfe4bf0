package org.nvlink2vmm.vmm.host;

/**
 * A KVM guest known to an IOMMU group (the KVM VFIO device's GROUP_ADD).
 *
 * @param lpid the guest's partition, 12 bits
 */
public record KvmAttachment(int lpid) {
  public KvmAttachment {
    if (lpid < 0 || lpid > 0xfff) {
      throw new IllegalArgumentException("LPID 0x%x does not fit 12 bits".formatted(lpid));
    }
  }
}
