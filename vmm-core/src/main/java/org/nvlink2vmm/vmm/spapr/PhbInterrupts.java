package org.nvlink2vmm.vmm.spapr;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.spapr.VphbPlacement;
import org.nvlink2vmm.vmm.irq.InterruptController;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.irq.MsiMessage;
import org.nvlink2vmm.vmm.irq.MsiTarget;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.PciCapability;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.vfio.VfioPci;

/**
 * The interrupts of a host bridge: its four lines, which {@code interrupt-map} names, and the
 * messages that {@code ibm,change-msi} sets up (PAPR 7.3.10.5; QEMU hw/ppc/spapr_pci.c). One lock
 * guards what is set up; messages and lines take none.
 */
final class PhbInterrupts implements MsiTarget {
  /** SPAPR_PCI_MSI_WINDOW: where all messages go. The data is the interrupt's number. */
  static final long MSI_WINDOW = 0x400_0000_0000L;

  private static final int FLAGS = 2;
  private static final int ADDRESS = 4;
  private static final int MSI_WIDE = 0x80;

  private final List<InterruptLine> lines;
  private final MsiNumbers numbers;
  private final Map<Integer, Granted> granted = new HashMap<>();
  private volatile InterruptController controller = InterruptController.NONE;

  /** Numbers of a function, in a row. */
  record Granted(int first, int count) {}

  PhbInterrupts(VphbPlacement placement, MsiNumbers numbers) {
    this.lines =
        IntStream.range(0, 4).mapToObj(pin -> new InterruptLine(placement.lsi(pin))).toList();
    this.numbers = numbers;
  }

  void connect(InterruptController input) {
    controller = input;
    lines.forEach(line -> line.connect(input));
  }

  /**
   * @param index 0 to 3
   */
  InterruptLine line(int index) {
    return lines.get(index);
  }

  @Override
  public void message(long address, int data) {
    if (address == MSI_WINDOW) {
      controller.pulse(data);
    }
  }

  /** Messages that a function can send: MSI as many as its guest allowed, MSI-X its table. */
  static int most(MmioHandler config, PciCapability capability) {
    int flags = (int) config.read(capability.offset() + FLAGS, 2);
    return capability.id() == PciRegs.CAP_ID_MSIX ? (flags & 0x7ff) + 1 : 1 << (flags >> 4 & 7);
  }

  /** Sets a function's messages up in place of earlier ones; false when numbers have run out. */
  synchronized boolean grant(
      int configAddress, PciFunction function, PciCapability capability, int count) {
    boolean aligned = capability.id() == PciRegs.CAP_ID_MSI;
    OptionalInt first = numbers.take(count, aligned);
    if (first.isEmpty()) {
      return false;
    }
    release(configAddress);
    granted.put(configAddress, new Granted(first.getAsInt(), count));
    if (aligned) {
      setMessage(function.config(), capability.offset(), MSI_WINDOW, first.getAsInt());
    } else if (function instanceof VfioPci device) {
      device.msix(
          IntStream.range(0, count)
              .mapToObj(vector -> new MsiMessage(MSI_WINDOW, first.getAsInt() + vector))
              .toList());
    }
    return true;
  }

  /** Takes a function's messages away; false when it has none. */
  synchronized boolean revoke(int configAddress, PciFunction function) {
    if (!release(configAddress)) {
      return false;
    }
    PciCapability.find(function.config(), PciRegs.CAP_ID_MSI)
        .ifPresent(msi -> setMessage(function.config(), msi.offset(), 0, 0));
    if (function instanceof VfioPci device) {
      device.msix(List.of());
    }
    return true;
  }

  private boolean release(int configAddress) {
    Granted old = granted.remove(configAddress);
    if (old != null) {
      numbers.giveBack(old.first(), old.count());
    }
    return old != null;
  }

  private static void setMessage(MmioHandler config, int msi, long address, int data) {
    boolean wide = (config.read(msi + FLAGS, 2) & MSI_WIDE) != 0;
    config.write(msi + ADDRESS, 4, address & 0xffff_ffffL);
    if (wide) {
      config.write(msi + ADDRESS + 4, 4, address >>> 32);
    }
    config.write(msi + ADDRESS + (wide ? 8 : 4), 2, data);
  }

  /** The number of a function's vector; empty when it was not granted. */
  synchronized OptionalInt number(int configAddress, int vector) {
    Granted found = granted.get(configAddress);
    return found == null || vector < 0 || vector >= found.count()
        ? OptionalInt.empty()
        : OptionalInt.of(found.first() + vector);
  }

  /** After a reset nothing is set up. */
  synchronized void reset() {
    granted.values().forEach(old -> numbers.giveBack(old.first(), old.count()));
    granted.clear();
  }
}
