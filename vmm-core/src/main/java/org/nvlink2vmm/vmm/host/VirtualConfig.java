package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IntxGate;
import org.nvlink2vmm.vmm.vfio.RegionAccess;

/**
 * Configuration space as VFIO shows it (Linux drivers/vfio/pci/vfio_pci_config.c): BARs, interrupt
 * line and capability lists are the kernel's copy, the Command register goes to the function, a
 * vendor capability is the function's own. Little-endian, accesses of 1, 2 or 4 bytes.
 *
 * <p>Reads take no lock. Writes take this object's, so that a register changed in part keeps the
 * rest.
 */
final class VirtualConfig extends MmioHandler {
  private static final int COMMAND = 0x04;
  private static final int COMMAND_IO = 1;
  private static final int COMMAND_MEMORY = 2;
  private static final int INTERRUPT_PIN = 0x3d;
  private static final int FIRST_BAR = 0x10;
  private static final int ROM_BAR = 0x30;
  private static final int POWER_STATE = 3;
  private static final int FUNCTION_RESET = 0x8000;
  private static final int DEVCAP_FUNCTION_RESET = 1 << 28;

  private final HostFunction function;
  private final MmioHandler hardware;
  private final int size;
  private final ConfigPermissions permissions;
  private final long[] barMasks = new long[6];
  private final int[] barFlags = new int[6];
  private volatile boolean memoryEnabled;
  private volatile boolean msiEnabled;
  private volatile IntxGate intx = new IntxGate();

  VirtualConfig(HostFunction function) {
    this.function = function;
    hardware = function.config();
    size = function.configSize();
    enableFunction();
    permissions = new ConfigPermissions(hardware, size);
    for (HostFunction.HostBar bar : function.bars()) {
      barMasks[bar.index()] = -bar.size();
      barFlags[bar.index()] = (bar.wide() ? 4 : 0) | (bar.prefetchable() ? 8 : 0);
    }
    fixBars();
    memoryEnabled = (permissions.get16(COMMAND) & COMMAND_MEMORY) != 0;
  }

  /** pci_enable_device: the function decodes its BARs; pci_clear_master. */
  private void enableFunction() {
    if (!function.bars().isEmpty()) {
      int command = (int) hardware.read(COMMAND, 2);
      hardware.write(COMMAND, 2, (command | COMMAND_MEMORY) & ~4);
    }
  }

  int size() {
    return size;
  }

  /** Whether the user has memory decode on: without it, BARs cannot be accessed (since 5.8). */
  boolean memoryEnabled() {
    return memoryEnabled;
  }

  /** Whether there is an interrupt pin. */
  boolean hasPin() {
    return permissions.get(INTERRUPT_PIN) != 0;
  }

  boolean isPciExpress() {
    return permissions.pciExpress() != 0;
  }

  /** Vectors that the MSI capability can ask for; 0 without one. */
  int msiVectors() {
    int at = permissions.msi();
    return at == 0 ? 0 : 1 << (hardware.read(at + 2, 2) >>> 1 & 7);
  }

  /** Entries of the MSI-X table; 0 without one. */
  int msixVectors() {
    int at = permissions.msix();
    return at == 0 ? 0 : (int) (hardware.read(at + 2, 2) & 0x7ff) + 1;
  }

  /** The BAR that holds the MSI-X table; -1 without one. */
  int msixBar() {
    int at = permissions.msix();
    return at == 0 ? -1 : (int) hardware.read(at + 4, 4) & 7;
  }

  /** Where in its BAR the MSI-X table begins, bytes. */
  long msixOffset() {
    return hardware.read(permissions.msix() + 4, 4) & 0xffff_fff8L;
  }

  /** Command as the user sees it. */
  int command() {
    return (int) read(COMMAND, 2);
  }

  /** Makes Command what it was, with all that follows from it; BARs are put right as well. */
  synchronized void restoreCommand(int command) {
    write(COMMAND, 2, command);
    fixBars();
  }

  /** Bits of a byte that live in the kernel's copy and that the user may write. */
  int keeps(int at) {
    return Byte.toUnsignedInt((byte) (permissions.virtual[at] & permissions.writable[at]));
  }

  /** Those bits as they are. */
  int kept(int at) {
    return permissions.get(at) & keeps(at);
  }

  /** Replaces those bits, with nothing that a user's write would do besides. */
  synchronized void keep(int at, byte value) {
    keep(at, 1, value, keeps(at));
  }

  /** Says whether vectors of MSI are in use: only then may the user's enable bit stay. */
  void msiInUse(boolean inUse) {
    msiEnabled = inUse;
  }

  /** Says what the user's Interrupt Disable bit stops. */
  void intx(IntxGate gate) {
    intx = gate;
  }

  /** Reads as pread of region 7: bytes, or the negative of EFAULT past the end. */
  long read(long offset, MemorySegment target) {
    long count = target.byteSize();
    if (offset < 0 || offset >= size || count > size - offset) {
      return count == 0 ? 0 : -Errno.EFAULT.number();
    }
    long done = 0;
    while (done < count) {
      int piece = RegionAccess.piece(offset + done, count - done, 4);
      long value = read(offset + done, piece);
      for (int i = 0; i < piece; i++) {
        target.set(ValueLayout.JAVA_BYTE, done + i, (byte) (value >>> (8 * i)));
      }
      done += piece;
    }
    return count;
  }

  /** Writes as pwrite of region 7: bytes, or the negative of EFAULT past the end. */
  long write(long offset, MemorySegment source) {
    long count = source.byteSize();
    if (offset < 0 || offset >= size || count > size - offset) {
      return count == 0 ? 0 : -Errno.EFAULT.number();
    }
    long done = 0;
    while (done < count) {
      int piece = RegionAccess.piece(offset + done, count - done, 4);
      long value = 0;
      for (int i = 0; i < piece; i++) {
        value |= Byte.toUnsignedLong(source.get(ValueLayout.JAVA_BYTE, done + i)) << (8 * i);
      }
      write(offset + done, piece, value);
      done += piece;
    }
    return count;
  }

  @Override
  public long read(long offset, int bytes) {
    int at = (int) offset;
    int virtual = bits(permissions.virtual, at, bytes);
    int ones = ones(bytes);
    if (virtual == ones) {
      return Integer.toUnsignedLong(bits(permissions.copy, at, bytes));
    }
    int real = (int) hardware.read(offset, bytes);
    int value = (bits(permissions.copy, at, bytes) & virtual) | (real & ~virtual);
    return Integer.toUnsignedLong(value & ones);
  }

  @Override
  public synchronized void write(long offset, int bytes, long value) {
    int at = (int) offset;
    int written = (int) value & ones(bytes);
    int virtual = bits(permissions.virtual, at, bytes);
    int writable = bits(permissions.writable, at, bytes);
    keep(at, bytes, written, virtual & writable);
    int real = writable & ~virtual;
    if (real == ones(bytes)) {
      hardware.write(offset, bytes, Integer.toUnsignedLong(written));
    } else if (real != 0) {
      int old = (int) hardware.read(offset, bytes);
      int merged = ((old & ~real) | (written & real)) & ones(bytes);
      hardware.write(offset, bytes, Integer.toUnsignedLong(merged));
    }
    follow(at, bytes, written);
  }

  /** What the kernel does besides: BARs stay within their size, enables and resets take effect. */
  private void follow(int at, int bytes, int written) {
    if (covers(at, bytes, COMMAND)) {
      int command = permissions.get16(COMMAND);
      int decode = written & (COMMAND_IO | COMMAND_MEMORY);
      permissions.put16(COMMAND, (command & ~(COMMAND_IO | COMMAND_MEMORY)) | decode);
      memoryEnabled = (decode & COMMAND_MEMORY) != 0;
    } else if (overlaps(at, bytes, FIRST_BAR, 24) || overlaps(at, bytes, ROM_BAR, 4)) {
      fixBars();
    }
    if (overlaps(at, bytes, COMMAND, 2)) {
      intx.disable((permissions.get16(COMMAND) & PciRegs.COMMAND_INTX_DISABLE) != 0);
    }
    if (permissions.power() != 0 && covers(at, bytes, permissions.power() + 4)) {
      int control = permissions.power() + 4;
      int old = (int) hardware.read(control, 2);
      hardware.write(control, 2, (old & ~POWER_STATE) | (written & POWER_STATE));
    }
    if (permissions.msi() != 0 && covers(at, bytes, permissions.msi() + 2)) {
      int control = permissions.msi() + 2;
      int flags = permissions.get16(control) & (msiEnabled ? 0xffff : 0xfffe);
      permissions.put16(control, flags);
      hardware.write(control, 2, flags);
    }
    resetIfAsked(at, bytes);
  }

  private void resetIfAsked(int at, int bytes) {
    int express = permissions.pciExpress();
    if (express == 0 || !covers(at, bytes, express + 9)) {
      return;
    }
    int control = permissions.get16(express + 8);
    if ((control & FUNCTION_RESET) != 0) {
      permissions.put16(express + 8, control & ~FUNCTION_RESET);
      if ((hardware.read(express + 4, 4) & DEVCAP_FUNCTION_RESET) != 0) {
        keepingState(function::functionReset);
      }
    }
  }

  /** pci_save_state, the reset, pci_restore_state: the header comes back as it was. */
  void keepingState(Runnable reset) {
    int[] header = new int[16];
    for (int i = 0; i < 16; i++) {
      header[i] = (int) hardware.read(4L * i, 4);
    }
    reset.run();
    for (int i = 15; i >= 1; i--) {
      if ((int) hardware.read(4L * i, 4) != header[i]) {
        hardware.write(4L * i, 4, Integer.toUnsignedLong(header[i]));
      }
    }
  }

  /** vfio_bar_fixup: address bits below a BAR's size read 0, type bits as they are. */
  private void fixBars() {
    for (int i = 0; i < 6; i++) {
      int at = FIRST_BAR + 4 * i;
      if (barMasks[i] != 0) {
        permissions.put32(at, (permissions.get32(at) & (int) barMasks[i] & ~0xf) | barFlags[i]);
        if ((barFlags[i] & 4) != 0 && i < 5) {
          i++;
          int high = (int) (barMasks[i - 1] >>> 32);
          permissions.put32(at + 4, permissions.get32(at + 4) & high);
        }
      } else {
        permissions.put32(at, 0);
      }
    }
    permissions.put32(ROM_BAR, 0);
  }

  private void keep(int at, int bytes, int written, int mask) {
    for (int i = 0; i < bytes; i++) {
      int bits = mask >>> (8 * i) & 0xff;
      int old = permissions.get(at + i);
      permissions.copy[at + i] = (byte) ((old & ~bits) | (written >>> (8 * i) & bits));
    }
  }

  private static boolean covers(int at, int bytes, int register) {
    return at <= register && register < at + bytes;
  }

  private static boolean overlaps(int at, int bytes, int start, int length) {
    return at + bytes > start && at < start + length;
  }

  private static int bits(byte[] from, int at, int bytes) {
    int value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= Byte.toUnsignedInt(from[at + i]) << (8 * i);
    }
    return value;
  }

  private static int ones(int bytes) {
    return -1 >>> (32 - 8 * bytes);
  }
}
