package org.nvlink2vmm.vmm.spapr;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.vmm.memory.BusResult;
import org.nvlink2vmm.vmm.trace.RecentAccesses;

/**
 * The run-time services that have to do with PCI (PAPR 7.3.4). Others are the business of whoever
 * runs a real kernel.
 */
public final class Rtas {
  /** RTAS_OUT_SUCCESS. */
  public static final int SUCCESS = 0;

  /** RTAS_OUT_HW_ERROR: also what a config access to an absent function gives. */
  public static final int HARDWARE_ERROR = -1;

  /** RTAS_OUT_PARAM_ERROR. */
  public static final int PARAMETER_ERROR = -3;

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
