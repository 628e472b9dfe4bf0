package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/**
 * An opened VFIO device. The one interface between those who have devices (the emulated host
 * kernel, a description, a vfio-user server at the other end of a socket) and those who use them
 * (guest functions, the vfio-user server, tests).
 *
 * <p>Any thread may call; reads and writes of regions take no lock of the device's own. Nothing
 * works after {@link #close()}: calls then answer EBADF.
 */
public interface VfioDevice extends AutoCloseable {
  /** For people: in every log line, report and error. */
  String id();

  DeviceInfo info();

  /**
   * @throws VfioException EINVAL for an index that does not exist, or that the kernel refuses (VGA)
   */
  RegionInfo regionInfo(int index);

  /**
   * @throws VfioException EINVAL for an index that does not exist
   */
  IrqInfo irqInfo(int index);

  /**
   * What is behind a region, for consumers in this process.
   *
   * @throws VfioException EINVAL for an index that does not exist
   */
  RegionBacking backing(int index);

  /**
   * Which parts of a region another process could map, and whether they are reached through the
   * region at this moment.
   *
   * @throws VfioException EINVAL for an index that does not exist
   */
  default List<SharedArea> shareable(int index) {
    return SharedArea.of(backing(index), regionInfo(index).size());
  }

  /**
   * Reads from a region as pread on the device's file does: {@code target.byteSize()} bytes at
   * {@code offset} of the region.
   *
   * @return bytes read, fewer than asked when the access crosses the region's end; or the negative
   *     of an errno ({@link Errno#number()}): EINVAL at or past the end or for a missing region,
   *     EFAULT, EIO
   */
  long read(int index, long offset, MemorySegment target);

  /** Writes to a region as pwrite does; otherwise as {@link #read}. */
  long write(int index, long offset, MemorySegment source);

  /**
   * Maps part of a region as mmap with MAP_SHARED on the device's file does. What is mapped is the
   * device's own memory or registers, reachable until the mapping or the device is closed.
   *
   * @param offset from the start of the region, a multiple of the page size, bytes
   * @param length bytes, rounded up to whole pages
   * @throws VfioException EINVAL, EPERM, ENOMEM, ENODEV as the region's rules say
   */
  RegionMapping mmap(int index, long offset, long length);

  /**
   * Says where interrupts go (VFIO_DEVICE_SET_IRQS in one call); replaces the earlier sink. A
   * device has none at first and interrupts are then lost, as with no eventfd set.
   */
  void connect(InterruptSink sink);

  /** Masks or unmasks the one maskable index, INTx; a level that is still up fires on unmasking. */
  void maskIntx(boolean masked);

  /** Says what of the guest's memory the device reaches; replaces the earlier space. */
  void attach(DmaSpace memory);

  /**
   * What software did to registers that nothing models, if the device counts it; functions of one
   * host count together.
   */
  default Optional<AccessCounts> accesses() {
    return Optional.empty();
  }

  /** How the device's state is taken out and put in, if it can be. */
  default Optional<Migratable> migration() {
    return Optional.empty();
  }

  /**
   * VFIO_DEVICE_RESET.
   *
   * @throws VfioException EINVAL when the device cannot be reset
   */
  void reset();

  /** Closes the last reference: regions are released, mappings end. Idempotent. */
  @Override
  void close();
}
