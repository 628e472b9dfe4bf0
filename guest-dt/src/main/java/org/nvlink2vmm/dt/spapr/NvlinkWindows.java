package org.nvlink2vmm.dt.spapr;

/**
 * The two NVLink windows of a vPHB in guest-physical memory. A base of 0 means that there is no
 * such window; then the vPHB has no NVLink at all.
 *
 * @param gpuRamBase gpa at which GPU RAM regions are placed
 * @param atsdBase gpa at which ATSD register regions are placed
 */
public record NvlinkWindows(long gpuRamBase, long atsdBase) {
  /** SPAPR_PCI_NV2RAM64_WIN_BASE and _SIZE. */
  private static final long GPU_RAM_BASE = 0x4000_0000_0000L;

  public static final long GPU_RAM_SIZE = 0x200_0000_0000L;

  /** SPAPR_PCI_NV2ATSD_WIN_BASE and _SIZE, room for 6 GPUs with 3 links of 64 KiB each. */
  private static final long ATSD_BASE = 0x8000_0000_0000L;

  public static final long ATSD_SIZE = 0x12_0000L;

  /** No windows: machine types without NVLink. */
  public static final NvlinkWindows NONE = new NvlinkWindows(0, 0);

  /**
   * The windows of vPHB {@code index}.
   *
   * @throws Refusal when {@code index} is not in 0 ... 30
   */
  public static NvlinkWindows of(int index, MachineType machineType) {
    VphbPlacement.checkIndex(index);
    return machineType.hasNvlinkWindows()
        ? new NvlinkWindows(GPU_RAM_BASE + index * GPU_RAM_SIZE, ATSD_BASE + index * ATSD_SIZE)
        : NONE;
  }

  /** Whether there are both. */
  public boolean exist() {
    return gpuRamBase != 0 && atsdBase != 0;
  }

  /** First gpa after the GPU RAM window. */
  long gpuRamEnd() {
    return gpuRamBase + GPU_RAM_SIZE;
  }

  /** First gpa after the ATSD window. */
  long atsdEnd() {
    return atsdBase + ATSD_SIZE;
  }
}
