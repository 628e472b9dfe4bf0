package org.nvlink2vmm.vmm.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.device.DeviceMemory;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * Device memory that a process has registered for DMA (Linux arch/powerpc/mm/book3s64/iommu_api.c,
 * mm_iommu_newdev and mm_iommu_put). Nothing is pinned or accounted: the memory is the device's.
 *
 * <p>Any thread may call; one lock, as mem_list_mutex.
 */
public final class PinnedDeviceMemory {
  private final int pageShift;
  private final List<Registration> registrations = new ArrayList<>();

  PinnedDeviceMemory(int pageSize) {
    pageShift = Integer.numberOfTrailingZeros(pageSize);
  }

  /**
   * mm_iommu_newdev.
   *
   * @param hva user address, bytes
   * @param length bytes, whole pages
   * @param hpa host-physical address of the memory
   * @throws VfioException EINVAL when any registration overlaps, an equal one included
   */
  public synchronized Registration register(long hva, long length, long hpa) {
    for (Registration other : registrations) {
      if (hva < other.hva + other.length && other.hva < hva + length) {
        throw new VfioException(
            Errno.EINVAL,
            "0x%x bytes at 0x%x overlap a registration of 0x%x bytes at 0x%x"
                .formatted(length, hva, other.length, other.hva));
      }
    }
    Registration registration = new Registration(hva, length, hpa);
    registrations.add(registration);
    return registration;
  }

  /** mm_iommu_find: the registration of exactly these addresses. */
  public synchronized Optional<Registration> find(long hva, long length) {
    return registrations.stream().filter(one -> one.hva == hva && one.length == length).findFirst();
  }

  /** mm_iommu_lookup: the registration that contains these addresses. */
  public synchronized Optional<Registration> lookup(long hva, long length) {
    return registrations.stream()
        .filter(
            one -> one.hva <= hva && length <= one.length && hva - one.hva <= one.length - length)
        .findFirst();
  }

  /** Registrations that exist. */
  public synchronized int count() {
    return registrations.size();
  }

  /** A registration: struct mm_iommu_table_group_mem_t. */
  public final class Registration implements DeviceMemory {
    private final long hva;
    private final long length;
    private final long hpa;
    private int used = 1;
    private long mapped = 1;

    private Registration(long hva, long length, long hpa) {
      this.hva = hva;
      this.length = length;
      this.hpa = hpa;
    }

    /** log2 of the largest page that can be mapped: the lowest bit of address or length. */
    public int maxPageShift() {
      return Long.numberOfTrailingZeros(hpa | length);
    }

    /** mm_iommu_get: one more use of the same addresses. */
    public void get() {
      synchronized (PinnedDeviceMemory.this) {
        used++;
      }
    }

    /**
     * mm_iommu_mapped_inc: a translation begins to use the memory.
     *
     * @return 0, or the negative of ENXIO once it was released
     */
    public int mappedInc() {
      synchronized (PinnedDeviceMemory.this) {
        if (mapped == 0) {
          return -Errno.ENXIO.number();
        }
        mapped++;
        return 0;
      }
    }

    /** mm_iommu_mapped_dec: a translation has ended. */
    public void mappedDec() {
      synchronized (PinnedDeviceMemory.this) {
        if (mapped > 1) {
          mapped--;
        }
      }
    }

    /**
     * mm_iommu_ua_to_hpa.
     *
     * @param address user address
     * @param shift log2 of the page size of the translation
     * @return host-physical address, or the negative of EFAULT outside or for a page too large
     */
    public long hostAddress(long address, int shift) {
      long offset = address - hva;
      if (offset < 0 || offset >= length || shift > Math.max(maxPageShift(), pageShift)) {
        return -Errno.EFAULT.number();
      }
      return hpa + offset;
    }

    @Override
    public int put() {
      synchronized (PinnedDeviceMemory.this) {
        if (used == 0) {
          return -Errno.ENOENT.number();
        }
        used--;
        if (used > 0) {
          return 0;
        }
        if (mapped != 1) {
          used++;
          return -Errno.EBUSY.number();
        }
        mapped = 0;
        registrations.remove(this);
        return 0;
      }
    }
  }
}
