package org.nvlink2vmm.vmm.vfio;

import java.util.List;

/**
 * A capability of a region's information chain (struct vfio_info_cap_header and what follows it).
 */
public sealed interface RegionCapability {
  /** VFIO_REGION_INFO_CAP_SPARSE_MMAP. */
  int SPARSE_MMAP = 1;

  /** VFIO_REGION_INFO_CAP_TYPE. */
  int TYPE = 2;

  /** VFIO_REGION_INFO_CAP_MSIX_MAPPABLE. */
  int MSIX_MAPPABLE = 3;

  /** VFIO_REGION_INFO_CAP_NVLINK2_SSATGT; in the v4 patch the same number is CAP_NPU2. */
  int NVLINK2_SSATGT = 4;

  /** VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD. */
  int NVLINK2_LNKSPD = 5;

  /** VFIO_REGION_TYPE_PCI_VENDOR_TYPE: the low 16 bits of the type are a PCI vendor id. */
  int PCI_VENDOR_TYPE = 0x8000_0000;

  /** Capability id, u16. */
  int id();

  /** Capability version, u16. */
  default int version() {
    return 1;
  }

  /** Areas of a region that may be mapped; the gaps trap. */
  record SparseMmap(List<Area> areas) implements RegionCapability {
    public SparseMmap {
      areas = List.copyOf(areas);
    }

    /** Bytes, both unsigned; offset from the start of the region. */
    public record Area(long offset, long size) {}

    @Override
    public int id() {
      return SPARSE_MMAP;
    }
  }

  /** What a device-specific region is. */
  record RegionType(int type, int subtype) implements RegionCapability {
    @Override
    public int id() {
      return TYPE;
    }

    public static RegionType ofVendor(int vendor, int subtype) {
      return new RegionType(PCI_VENDOR_TYPE | vendor, subtype);
    }
  }

  /** The BAR that holds the MSI-X table may be mapped as a whole. */
  record MsixMappable() implements RegionCapability {
    @Override
    public int id() {
      return MSIX_MAPPABLE;
    }
  }

  /** The address at which the NPU reaches the GPU on its links, bytes (16-byte structure). */
  record Nvlink2SsaTarget(long tgt) implements RegionCapability {
    @Override
    public int id() {
      return NVLINK2_SSATGT;
    }
  }

  /** Link speed code: 3 = 20, 8 = 25.78125, 9 = 25 Gbit/s (16-byte structure). */
  record Nvlink2LinkSpeed(int speed) implements RegionCapability {
    @Override
    public int id() {
      return NVLINK2_LNKSPD;
    }
  }

  /** The v4 patch's combined capability (24-byte structure); a GPU's speed is meaningless, 0. */
  record Npu2Draft(long tgt, int speed) implements RegionCapability {
    @Override
    public int id() {
      return NVLINK2_SSATGT;
    }
  }

  /**
   * One that this program does not know.
   *
   * @param body the bytes after the 8-byte header, as hexadecimal digits
   */
  record UnknownCapability(int id, int version, String body) implements RegionCapability {}
}
