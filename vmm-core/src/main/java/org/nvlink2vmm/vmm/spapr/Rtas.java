package org.nvlink2vmm.vmm.spapr;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.memory.BusResult;
import org.nvlink2vmm.vmm.pci.PciCapability;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.trace.RecentAccesses;

/**
 * The run-time services that have to do with PCI (PAPR 7.3.4, 7.3.10.5, 7.3.11, 7.3.15): config
 * space, messages, error handling, DMA windows, as QEMU hw/ppc/spapr_pci.c answers them. Others are
 * the business of whoever runs a real kernel.
 */
public final class Rtas {
  /** RTAS_OUT_SUCCESS. */
  public static final int SUCCESS = 0;

  /** RTAS_OUT_HW_ERROR: also what a config access to an absent function gives. */
  public static final int HARDWARE_ERROR = -1;

  /** RTAS_OUT_PARAM_ERROR. */
  public static final int PARAMETER_ERROR = -3;

  /** Answer of {@code ibm,slot-error-detail}: there is none. */
  public static final int NO_ERRORS_FOUND = 1;

  private static final int CHANGE_DEFAULT = 1;
  private static final int CHANGE_MSI = 3;
  private static final int CHANGE_MSIX = 4;
  private static final int TYPE_MSI = 1;
  private static final int TYPE_MSIX = 2;
  private static final int GET_PE_ADDRESS = 0;
  private static final int GET_PE_MODE = 1;
  private static final int PE_MODE_SHARED = 2;
  private static final int EEH_ENABLE = 1;

  private final Map<Long, SpaprPhb> phbByBuid = new LinkedHashMap<>();

  /** Null until asked for. */
  private RecentAccesses recent;

  Rtas(List<SpaprPhb> phbs) {
    phbs.forEach(phb -> phbByBuid.put(phb.buid(), phb));
  }

  /** Notes configuration accesses from now on. To be called before they begin. */
  public void noteIn(RecentAccesses ring) {
    recent = ring;
  }

  /**
   * {@code ibm,read-pci-config}. An absent function reads all ones with success, as QEMU has it: a
   * kernel scans by that.
   *
   * @param configAddress bus in bits 23:16, device and function in 15:8, register in 31:28 and 7:0
   * @return the value, or {@link #PARAMETER_ERROR} for an unknown host bridge, a size other than 1,
   *     2, 4, a register not aligned to it or past the function's config space
   */
  public long readPciConfig(long buid, int configAddress, int size) {
    SpaprPhb phb = phbByBuid.get(buid);
    if (phb == null || !isSize(size)) {
      return PARAMETER_ERROR;
    }
    int bus = bus(configAddress);
    int devfn = devfn(configAddress);
    int offset = offset(configAddress);
    if (phb.root().probe(bus, devfn, offset, size) == BusResult.REFUSED) {
      return PARAMETER_ERROR;
    }
    long value = phb.root().readConfig(bus, devfn, offset, size);
    if (recent != null) {
      recent.config(false, buid, configAddress, size, value);
    }
    return value;
  }

  /**
   * {@code ibm,write-pci-config}.
   *
   * @return {@link #SUCCESS}, or {@link #PARAMETER_ERROR} as for reading, an absent function too
   */
  public int writePciConfig(long buid, int configAddress, int size, int value) {
    SpaprPhb phb = phbByBuid.get(buid);
    if (phb == null || !isSize(size)) {
      return PARAMETER_ERROR;
    }
    if (recent != null) {
      recent.config(true, buid, configAddress, size, Integer.toUnsignedLong(value));
    }
    BusResult result =
        phb.root()
            .writeConfig(
                bus(configAddress), devfn(configAddress), offset(configAddress), size, value);
    return result == BusResult.OK ? SUCCESS : PARAMETER_ERROR;
  }

  private Optional<PciFunction> function(SpaprPhb phb, int configAddress) {
    return phb == null
        ? Optional.empty()
        : phb.root().function(bus(configAddress), devfn(configAddress));
  }

  /**
   * What {@code ibm,change-msi} answers.
   *
   * @param count messages that there are now; or that could be had, when more were asked for
   * @param type 1 MSI, 2 MSI-X
   */
  public record Messages(int status, int count, int type) {
    private static final Messages PARAMETER = new Messages(PARAMETER_ERROR, 0, 0);
    private static final Messages NONE_LEFT = new Messages(HARDWARE_ERROR, 0, 0);
  }

  /**
   * {@code ibm,change-msi}.
   *
   * @param kind 1 MSI where there is one, else MSI-X; 3 MSI, 4 MSI-X; others are refused
   * @param count messages asked for; 0 takes them away. More than the function has are not granted:
   *     the answer says how many it has
   */
  public Messages changeMessages(long buid, int configAddress, int kind, int count) {
    SpaprPhb phb = phbByBuid.get(buid);
    PciFunction function = function(phb, configAddress).orElse(null);
    boolean known = kind == CHANGE_DEFAULT || kind == CHANGE_MSI || kind == CHANGE_MSIX;
    if (function == null || !known) {
      return Messages.PARAMETER;
    }
    Optional<PciCapability> msi = PciCapability.find(function.config(), PciRegs.CAP_ID_MSI);
    Optional<PciCapability> msix = PciCapability.find(function.config(), PciRegs.CAP_ID_MSIX);
    Optional<PciCapability> chosen =
        kind == CHANGE_MSIX ? msix : kind == CHANGE_MSI || msi.isPresent() ? msi : msix;
    if (chosen.isEmpty()) {
      return Messages.PARAMETER;
    }
    int type = chosen.get().id() == PciRegs.CAP_ID_MSI ? TYPE_MSI : TYPE_MSIX;
    if (count == 0) {
      boolean had = phb.interrupts().revoke(configAddress, function);
      return had ? new Messages(SUCCESS, 0, type) : Messages.NONE_LEFT;
    }
    int most = PhbInterrupts.most(function.config(), chosen.get());
    if (Integer.compareUnsigned(count, most) > 0) {
      return new Messages(SUCCESS, most, type);
    }
    return phb.interrupts().grant(configAddress, function, chosen.get(), count)
        ? new Messages(SUCCESS, count, type)
        : Messages.NONE_LEFT;
  }

  /**
   * {@code ibm,query-interrupt-source-number}.
   *
   * @return the number, or {@link #HARDWARE_ERROR} for a vector that was not granted, {@link
   *     #PARAMETER_ERROR} for an unknown host bridge
   */
  public int interruptNumber(long buid, int configAddress, int vector) {
    SpaprPhb phb = phbByBuid.get(buid);
    return phb == null
        ? PARAMETER_ERROR
        : phb.interrupts().number(configAddress, vector).orElse(HARDWARE_ERROR);
  }

  private SpaprPhb handling(long buid) {
    SpaprPhb phb = phbByBuid.get(buid);
    return phb != null && phb.errors().available() ? phb : null;
  }

  /** {@code ibm,set-eeh-option}: 0 off, 1 on (for a function), 2 and 3 thaw. */
  public int setErrorHandling(long buid, int configAddress, int option) {
    SpaprPhb phb = handling(buid);
    boolean good =
        phb != null
            && phb.errors().isOption(option)
            && (option != EEH_ENABLE || function(phb, configAddress).isPresent());
    return good ? SUCCESS : PARAMETER_ERROR;
  }

  /**
   * {@code ibm,get-config-addr-info2}: 0 asks for the address of a function's endpoint, 1 for its
   * mode. The answer, or {@link #PARAMETER_ERROR}.
   */
  public int endpoint(long buid, int configAddress, int question) {
    SpaprPhb phb = handling(buid);
    if (phb == null) {
      return PARAMETER_ERROR;
    }
    return switch (question) {
      case GET_PE_ADDRESS ->
          function(phb, configAddress).isPresent()
              ? (configAddress & 0xff0000) + 1
              : PARAMETER_ERROR;
      case GET_PE_MODE -> PE_MODE_SHARED;
      default -> PARAMETER_ERROR;
    };
  }

  /** {@code ibm,read-slot-reset-state2}: 0 works, 1 in reset; or {@link #PARAMETER_ERROR}. */
  public int endpointState(long buid) {
    SpaprPhb phb = handling(buid);
    return phb == null ? PARAMETER_ERROR : phb.errors().state();
  }

  /**
   * {@code ibm,set-slot-reset}: 0 ends a reset, 1 hot, 3 fundamental; {@link #HARDWARE_ERROR} when
   * a device or its host refuses.
   */
  public int resetEndpoint(long buid, int kind) {
    SpaprPhb phb = handling(buid);
    return phb == null ? PARAMETER_ERROR : phb.errors().reset(kind);
  }

  /** {@code ibm,configure-pe}: nothing is left to configure after a reset. */
  public int configureEndpoint(long buid) {
    return handling(buid) == null ? PARAMETER_ERROR : SUCCESS;
  }

  /** {@code ibm,slot-error-detail}: 1 temporary, 2 permanent. There is never any. */
  public int errorDetail(long buid, int kind) {
    return handling(buid) != null && (kind == 1 || kind == 2) ? NO_ERRORS_FOUND : PARAMETER_ERROR;
  }

  /** The windows of a host bridge, for the dynamic window calls; empty for an unknown one. */
  public Optional<DmaWindows> windows(long buid) {
    return Optional.ofNullable(phbByBuid.get(buid)).map(SpaprPhb::dma);
  }

  /** The window of a LIOBN, for the TCE hypercalls. */
  public Optional<TceTable> window(long liobn) {
    return phbByBuid.values().stream().flatMap(phb -> phb.dma().table(liobn).stream()).findFirst();
  }

  /** {@code ibm,remove-pe-dma-window}. */
  public int removeWindow(long liobn) {
    for (SpaprPhb phb : phbByBuid.values()) {
      if (phb.dma().remove(liobn)) {
        return SUCCESS;
      }
    }
    return PARAMETER_ERROR;
  }

  private static boolean isSize(int size) {
    return size == 1 || size == 2 || size == 4;
  }

  private static int bus(int configAddress) {
    return configAddress >>> 16 & 0xff;
  }

  private static int devfn(int configAddress) {
    return configAddress >>> 8 & 0xff;
  }

  private static int offset(int configAddress) {
    return (configAddress >>> 20 & 0xf00) | (configAddress & 0xff);
  }
}
