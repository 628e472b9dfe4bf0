package org.nvlink2vmm.vmm.machine;

import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.spapr.DmaWindows;
import org.nvlink2vmm.vmm.spapr.Rtas;
import org.nvlink2vmm.vmm.vcpu.pseries.RtasArguments;
import org.nvlink2vmm.vmm.vcpu.pseries.RtasTable;

/** The run-time services of PCI as a kernel calls them: argument blocks in, result words out. */
final class PciCalls {
  /** RTAS_EEH_SUPPORT. */
  private static final int SUPPORTED = 1;

  /** RTAS_EEH_PE_UNAVAIL_INFO: milliseconds. */
  private static final int UNAVAILABLE_FOR = 1000;

  /** LoPAR: the most pages that a window may have, as QEMU says it in 64 bits. */
  private static final int MOST_PAGES_HIGH = 0x20;

  private static final int MOST_PAGES = 1 << 26;

  /** Results of the query when it answers with a 64-bit page count. */
  private static final int WIDE_QUERY = 6;

  private final Rtas pci;

  PciCalls(Rtas pci) {
    this.pci = pci;
  }

  void addTo(RtasTable table) {
    table.add("ibm,read-pci-config", this::read);
    table.add("ibm,write-pci-config", this::write);
    table.add("ibm,change-msi", this::changeMessages);
    table.add("ibm,query-interrupt-source-number", this::interruptNumber);
    table.add("ibm,set-eeh-option", this::setErrorHandling);
    table.add("ibm,get-config-addr-info2", this::endpoint);
    table.add("ibm,read-slot-reset-state2", this::endpointState);
    table.add("ibm,set-slot-reset", this::resetEndpoint);
    table.add("ibm,configure-pe", this::configureEndpoint);
    table.add("ibm,slot-error-detail", this::errorDetail);
    table.add("ibm,query-pe-dma-window", this::queryWindow);
    table.add("ibm,create-pe-dma-window", this::createWindow);
    table.add("ibm,remove-pe-dma-window", this::removeWindow);
    table.add("ibm,reset-pe-dma-window", this::resetWindows);
  }

  private int read(RtasArguments block) {
    long value = pci.readPciConfig(block.pair(1), block.argument(0), block.argument(3));
    block.result(1, (int) value);
    return value < 0 ? (int) value : Rtas.SUCCESS;
  }

  private int write(RtasArguments block) {
    return pci.writePciConfig(
        block.pair(1), block.argument(0), block.argument(3), block.argument(4));
  }

  private int changeMessages(RtasArguments block) {
    Rtas.Messages answer =
        pci.changeMessages(block.pair(1), block.argument(0), block.argument(3), block.argument(4));
    if (answer.status() == Rtas.SUCCESS) {
      block.result(1, answer.count());
      block.result(2, block.argument(5) + 1);
      block.result(3, answer.type());
    }
    return answer.status();
  }

  private int interruptNumber(RtasArguments block) {
    int number = pci.interruptNumber(block.pair(1), block.argument(0), block.argument(3));
    if (number < 0) {
      return number;
    }
    block.result(1, number);
    block.result(2, 1); // edge
    return Rtas.SUCCESS;
  }

  private int setErrorHandling(RtasArguments block) {
    return block.has(4, 1)
        ? pci.setErrorHandling(block.pair(1), block.argument(0), block.argument(3))
        : Rtas.PARAMETER_ERROR;
  }

  private int endpoint(RtasArguments block) {
    int answer =
        block.has(4, 2)
            ? pci.endpoint(block.pair(1), block.argument(0), block.argument(3))
            : Rtas.PARAMETER_ERROR;
    if (answer < 0) {
      return answer;
    }
    block.result(1, answer);
    return Rtas.SUCCESS;
  }

  private int endpointState(RtasArguments block) {
    boolean sound = block.has(3, 4) || block.has(3, 5);
    int state = sound ? pci.endpointState(block.pair(1)) : Rtas.PARAMETER_ERROR;
    if (state < 0) {
      return state;
    }
    block.result(1, state);
    block.result(2, SUPPORTED);
    block.result(3, UNAVAILABLE_FOR);
    block.result(4, 0);
    return Rtas.SUCCESS;
  }

  private int resetEndpoint(RtasArguments block) {
    return block.has(4, 1)
        ? pci.resetEndpoint(block.pair(1), block.argument(3))
        : Rtas.PARAMETER_ERROR;
  }

  private int configureEndpoint(RtasArguments block) {
    return block.has(3, 1) ? pci.configureEndpoint(block.pair(1)) : Rtas.PARAMETER_ERROR;
  }

  private int errorDetail(RtasArguments block) {
    return block.has(8, 1)
        ? pci.errorDetail(block.pair(1), block.argument(7))
        : Rtas.PARAMETER_ERROR;
  }

  private int queryWindow(RtasArguments block) {
    Optional<DmaWindows> windows = pci.windows(block.pair(1));
    boolean sound = block.has(3, 5) || block.has(3, WIDE_QUERY);
    if (windows.isEmpty() || !sound) {
      return Rtas.PARAMETER_ERROR;
    }
    block.result(1, windows.get().available());
    if (block.has(3, WIDE_QUERY)) {
      block.result(2, MOST_PAGES_HIGH);
      block.result(3, 0);
      block.result(4, DmaWindows.pageMask());
      block.result(5, 0);
    } else {
      block.result(2, MOST_PAGES);
      block.result(3, DmaWindows.pageMask());
      block.result(4, 0);
    }
    return Rtas.SUCCESS;
  }

  private int createWindow(RtasArguments block) {
    Optional<DmaWindows> windows = pci.windows(block.pair(1));
    int pageShift = block.argument(3);
    int windowShift = block.argument(4);
    if (windows.isEmpty() || !block.has(5, 4) || windowShift < pageShift) {
      return Rtas.PARAMETER_ERROR;
    }
    Optional<TceTable> made =
        DmaWindows.isPageShift(pageShift)
            ? windows.get().create(pageShift, windowShift)
            : Optional.empty();
    if (made.isEmpty()) {
      return Rtas.HARDWARE_ERROR;
    }
    block.result(1, made.get().liobn());
    block.result(2, (int) (made.get().base() >>> 32));
    block.result(3, (int) made.get().base());
    return Rtas.SUCCESS;
  }

  private int removeWindow(RtasArguments block) {
    return block.has(1, 1) ? pci.removeWindow(block.unsigned(0)) : Rtas.PARAMETER_ERROR;
  }

  private int resetWindows(RtasArguments block) {
    Optional<DmaWindows> windows = pci.windows(block.pair(1));
    if (windows.isEmpty() || !block.has(3, 1)) {
      return Rtas.PARAMETER_ERROR;
    }
    windows.get().reset();
    return Rtas.SUCCESS;
  }
}
