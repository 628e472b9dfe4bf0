package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * What every VFIO device of a PCI function does, whatever is behind it: the rules that a consumer
 * may rely on. A backend passes by extending this class.
 */
public abstract class VfioDeviceContract {
  private static final int PAGE = 1 << 16;

  private VfioDevice device;

  /** A fresh device. What it stands on is the subclass's to end, after the device was closed. */
  protected abstract VfioDevice open();

  @BeforeEach
  void openDevice() {
    device = open();
  }

  @AfterEach
  void closeDevice() {
    device.close();
  }

  /** The device under test. */
  protected final VfioDevice device() {
    return device;
  }

  /** All regions that exist. */
  private List<RegionInfo> regions() {
    List<RegionInfo> regions = new ArrayList<>();
    for (int index = 0; index < device.info().numRegions(); index++) {
      if (index != VfioPciIndex.VGA_REGION) {
        regions.add(device.regionInfo(index));
      }
    }
    return regions;
  }

  private List<RegionInfo> regionsWithBytes() {
    return regions().stream().filter(region -> region.size() > 0).toList();
  }

  @Test
  void itIsAPciDeviceWithAllFixedIndexes() {
    DeviceInfo info = device.info();

    assertThat(info.flags() & DeviceInfo.PCI).isNotZero();
    assertThat(info.numRegions()).isGreaterThanOrEqualTo(VfioPciIndex.NUM_REGIONS);
    assertThat(info.numIrqs()).isEqualTo(VfioPciIndex.NUM_IRQS);
  }

  @Test
  void aRegionSaysItsOwnIndexAndFileOffset() {
    for (RegionInfo region : regions()) {
      assertThat(device.regionInfo(region.index())).isEqualTo(region);
      assertThat(region.offset()).isEqualTo((long) region.index() << 40);
    }
    assertThat(regions()).extracting(RegionInfo::index).doesNotHaveDuplicates();
  }

  @Test
  void whatARegionSaysSurvivesItsBytes() {
    for (RegionInfo region : regions()) {
      assertThat(RegionInfoCodec.query(device, region.index())).isEqualTo(region);
    }
  }

  @Test
  void anIndexThatDoesNotExistIsInvalid() {
    for (int index : new int[] {8, device.info().numRegions(), 1 << 20, -1, Integer.MIN_VALUE}) {
      assertErrno(Errno.EINVAL, () -> device.regionInfo(index));
      assertErrno(Errno.EINVAL, () -> device.backing(index));
      assertErrno(Errno.EINVAL, () -> device.mmap(index, 0, PAGE));
      assertThat(device.read(index, 0, bytes(4))).isEqualTo(-Errno.EINVAL.number());
      assertThat(device.write(index, 0, bytes(4))).isEqualTo(-Errno.EINVAL.number());
    }
    for (int index : new int[] {5, 1000, -1}) {
      assertErrno(Errno.EINVAL, () -> device.irqInfo(index));
    }
  }

  @Test
  void aBarThatIsAbsentHasNoFlagsAndNoBytes() {
    for (RegionInfo region : regions().subList(0, 7)) {
      if (region.size() == 0) {
        assertThat(region.flags()).isZero();
        assertThat(device.backing(region.index())).isInstanceOf(RegionBacking.None.class);
        assertThat(device.read(region.index(), 0, bytes(4))).isEqualTo(-Errno.EINVAL.number());
        assertThat(device.write(region.index(), 0, bytes(4))).isEqualTo(-Errno.EINVAL.number());
        assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 0, PAGE));
      }
    }
  }

  @Test
  void configurationSpaceCanBeReadAndWrittenButNotMapped() {
    RegionInfo config = device.regionInfo(VfioPciIndex.CONFIG_REGION);

    assertThat(config.size()).isIn(256L, 4096L);
    assertThat(config.flags()).isEqualTo(RegionInfo.READ | RegionInfo.WRITE);
    assertErrno(Errno.EINVAL, () -> device.mmap(VfioPciIndex.CONFIG_REGION, 0, PAGE));
  }

  @Test
  void configurationSpaceReadsTheSameInAllWidths() {
    MemorySegment whole = bytes(64);
    assertThat(device.read(VfioPciIndex.CONFIG_REGION, 0, whole)).isEqualTo(64);

    for (int width : new int[] {1, 2, 4}) {
      MemorySegment parts = bytes(64);
      for (int at = 0; at < 64; at += width) {
        assertThat(device.read(VfioPciIndex.CONFIG_REGION, at, parts.asSlice(at, width)))
            .isEqualTo(width);
      }
      assertThat(parts.mismatch(whole)).as("width %d", width).isEqualTo(-1);
    }
  }

  @Test
  void configurationSpaceIsTheSameThroughItsBacking() {
    RegionBacking backing = device.backing(VfioPciIndex.CONFIG_REGION);
    MemorySegment word = bytes(4);
    for (int at = 0; at < 64; at += 4) {
      device.read(VfioPciIndex.CONFIG_REGION, at, word);
      if (backing instanceof RegionBacking.Trapped trapped) {
        assertThat((int) trapped.handler().read(at, 4))
            .isEqualTo(word.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
      }
    }
  }

  @Test
  void anAccessAtOrPastTheEndIsRefused() {
    for (RegionInfo region : regionsWithBytes()) {
      boolean config = region.index() == VfioPciIndex.CONFIG_REGION;
      long refused = config ? -Errno.EFAULT.number() : -Errno.EINVAL.number();
      for (long offset : new long[] {region.size(), region.size() + 1, Long.MAX_VALUE, -1}) {
        assertThat(device.read(region.index(), offset, bytes(4)))
            .as("read of region %d at 0x%x", region.index(), offset)
            .isIn(refused, (long) -Errno.EINVAL.number());
        assertThat(device.write(region.index(), offset, bytes(4)))
            .as("write of region %d at 0x%x", region.index(), offset)
            .isIn(refused, (long) -Errno.EINVAL.number());
      }
    }
  }

  @Test
  void anAccessAcrossTheEndIsShort() {
    for (RegionInfo region : regionsWithBytes()) {
      if (region.index() != VfioPciIndex.CONFIG_REGION) {
        assertThat(device.read(region.index(), region.size() - 4, bytes(16)))
            .as("region %d", region.index())
            .isEqualTo(4);
      }
    }
  }

  @Test
  void anAccessOfNothingIsNothing() {
    for (RegionInfo region : regionsWithBytes()) {
      assertThat(device.read(region.index(), 0, bytes(0))).isZero();
      assertThat(device.write(region.index(), 0, bytes(0))).isZero();
    }
  }

  @Test
  void bytesThatCanBeTouchedAreTheBytesThatAreRead() {
    for (RegionInfo region : regionsWithBytes()) {
      if (device.backing(region.index()) instanceof RegionBacking.Direct direct) {
        MemorySegment written = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7});
        MemorySegment read = bytes(7);

        assertThat(device.write(region.index(), 0x1003, written)).isEqualTo(7);
        assertThat(direct.segment().asSlice(0x1003, 7).mismatch(written)).isEqualTo(-1);
        direct.segment().asSlice(0x1004, 1).fill((byte) 0x77);
        assertThat(device.read(region.index(), 0x1003, read)).isEqualTo(7);
        assertThat(read.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 0x77, 3, 4, 5, 6, 7);
      }
    }
  }

  @Test
  void aMappingShowsWhatTheRegionHolds() {
    for (RegionInfo region : regionsWithBytes()) {
      boolean direct = device.backing(region.index()) instanceof RegionBacking.Direct;
      if (direct && region.has(RegionInfo.MMAP)) {
        try (RegionMapping mapping = device.mmap(region.index(), PAGE, 2 * PAGE)) {
          MemorySegment read = bytes(1);
          RegionBacking.Direct mapped = (RegionBacking.Direct) mapping.backing();
          assertThat(mapping.length()).isEqualTo(2 * PAGE);
          assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_NOPAGE);
          mapped.segment().asSlice(5, 1).fill((byte) 0x42);
          assertThat(device.read(region.index(), PAGE + 5, read)).isEqualTo(1);
          assertThat(read.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x42);
        }
      }
    }
  }

  @Test
  void whatCannotBeMappedIsRefused() {
    for (RegionInfo region : regionsWithBytes()) {
      long size = region.size();
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 0, 0));
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 0, -1));
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 1, PAGE));
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), -PAGE, PAGE));
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 0, size + PAGE));
      assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), 0, Long.MAX_VALUE));
      if (size > PAGE) {
        assertErrno(Errno.EINVAL, () -> device.mmap(region.index(), size - PAGE, 2 * PAGE));
      }
    }
  }

  @Test
  void aMappingThatHasEndedReachesNothing() {
    for (RegionInfo region : regionsWithBytes()) {
      if (region.has(RegionInfo.MMAP)) {
        RegionMapping mapping = device.mmap(region.index(), 0, PAGE);
        mapping.close();
        mapping.close();
        assertErrno(Errno.EBADF, mapping::backing);
        assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_SIGBUS);
      }
    }
  }

  @Test
  void interruptIndexesSayWhatVfioPciSays() {
    assertThat(device.irqInfo(VfioPciIndex.INTX_IRQ).flags()).isEqualTo(7);
    for (int index : new int[] {VfioPciIndex.MSI_IRQ, VfioPciIndex.MSIX_IRQ}) {
      assertThat(device.irqInfo(index).flags()).isEqualTo(9);
    }
    assertThat(device.irqInfo(VfioPciIndex.REQ_IRQ).count()).isEqualTo(1);
    assertThat(device.irqInfo(VfioPciIndex.ERR_IRQ).count()).isEqualTo(1);
  }

  @Test
  void resetWorksExactlyWhenTheDeviceSaysSo() {
    if ((device.info().flags() & DeviceInfo.RESET) != 0) {
      device.reset();
      assertThat(device.read(VfioPciIndex.CONFIG_REGION, 0, bytes(4))).isEqualTo(4);
    } else {
      assertErrno(Errno.EINVAL, device::reset);
    }
  }

  @Test
  void nothingWorksAfterItWasClosed() {
    RegionMapping mapping = device.mmap(0, 0, PAGE);

    device.close();
    device.close();

    assertErrno(Errno.EBADF, device::info);
    assertErrno(Errno.EBADF, () -> device.regionInfo(0));
    assertErrno(Errno.EBADF, () -> device.irqInfo(0));
    assertErrno(Errno.EBADF, () -> device.backing(0));
    assertErrno(Errno.EBADF, () -> device.mmap(0, 0, PAGE));
    assertErrno(Errno.EBADF, device::reset);
    assertErrno(Errno.EBADF, () -> device.connect(InterruptSink.NONE));
    assertErrno(Errno.EBADF, () -> device.maskIntx(true));
    assertErrno(Errno.EBADF, () -> device.attach(DmaSpace.NONE));
    assertErrno(Errno.EBADF, mapping::backing);
    assertThat(device.read(0, 0, bytes(4))).isEqualTo(-Errno.EBADF.number());
    assertThat(device.write(0, 0, bytes(4))).isEqualTo(-Errno.EBADF.number());
  }

  static MemorySegment bytes(int count) {
    return MemorySegment.ofArray(new byte[count]);
  }

  static void assertErrno(Errno errno, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            VfioException.class, e -> assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno));
  }
}
