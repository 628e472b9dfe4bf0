package org.nvlink2vmm.dt.spapr;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * A PCI function of the guest: what its node is written from.
 *
 * @param id the user's name for it, for messages
 * @param devfn slot * 8 + function
 * @param config the configuration header
 * @param bars the base address registers that decode something, ascending
 * @param msiVectors vectors of the MSI capability that the device was given, 0 for none
 * @param msixEntries entries of the MSI-X table, 0 for none
 * @param extendedConfig whether it counts as PCI Express, with 4096 bytes of configuration space
 * @param connector whether a hot-plug connector exists for it, which gives {@code ibm,my-drc-index}
 * @param locationCode its {@code ibm,loc-code}
 * @param nvlink its part in NVLink
 * @param behind the bus behind it, when it is a bridge
 */
public record PciFunctionDescription(
    String id,
    int devfn,
    PciConfigFacts config,
    List<PciBar> bars,
    int msiVectors,
    int msixEntries,
    boolean extendedConfig,
    boolean connector,
    LocationCode locationCode,
    NvlinkFacts nvlink,
    SecondaryBus behind) {

  public PciFunctionDescription {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(config, "config");
    Objects.requireNonNull(locationCode, "locationCode");
    Objects.requireNonNull(nvlink, "nvlink");
    Objects.requireNonNull(behind, "behind");
    if (devfn < 0 || devfn > 255) {
      throw new IllegalArgumentException(id + ": devfn " + devfn + ", expected 0 to 255");
    }
    if (msiVectors < 0 || msixEntries < 0) {
      throw new IllegalArgumentException(id + ": negative number of interrupt vectors");
    }
    if (behind.exists() && !config.isBridge()) {
      throw new IllegalArgumentException(
          id + " leads to bus " + behind.number() + ", but its header is not a bridge's");
    }
    bars = bars.stream().sorted(Comparator.comparingInt(PciBar::index)).toList();
  }

  /** Starts the description of a function; everything not set is absent. */
  public static Builder builder(String id, int slot, int function) {
    return new Builder(id, slot, function);
  }

  public int slot() {
    return devfn >> 3;
  }

  public int function() {
    return devfn & 7;
  }

  static List<PciFunctionDescription> inBusOrder(List<PciFunctionDescription> functions) {
    List<PciFunctionDescription> sorted =
        functions.stream().sorted(Comparator.comparingInt(PciFunctionDescription::devfn)).toList();
    for (int i = 1; i < sorted.size(); i++) {
      if (sorted.get(i).devfn() == sorted.get(i - 1).devfn()) {
        throw Refusal.refused(
            "%s and %s are both at %s of one bus"
                .formatted(
                    sorted.get(i - 1).id(),
                    sorted.get(i).id(),
                    Text.slotAndFunction(sorted.get(i).devfn())));
      }
    }
    return sorted;
  }

  /** Collects the facts of one function. */
  public static final class Builder {
    private final String id;
    private final int devfn;
    private PciConfigFacts config = PciConfigFacts.of(0, 0, 0, 0);
    private List<PciBar> bars = List.of();
    private int msiVectors;
    private int msixEntries;
    private boolean extendedConfig;
    private boolean connector = true;
    private LocationCode locationCode = LocationCode.vfio("vfio-pci");
    private NvlinkFacts nvlink = NvlinkFacts.NONE;
    private SecondaryBus behind = SecondaryBus.NONE;

    private Builder(String id, int slot, int function) {
      if (slot < 0 || slot > 31 || function < 0 || function > 7) {
        throw new IllegalArgumentException(
            id + ": slot " + slot + " function " + function + ", expected 0-31 and 0-7");
      }
      this.id = id;
      this.devfn = slot << 3 | function;
    }

    public Builder config(PciConfigFacts facts) {
      this.config = facts;
      return this;
    }

    public Builder bars(PciBar... registers) {
      this.bars = List.of(registers);
      return this;
    }

    public Builder bars(List<PciBar> registers) {
      this.bars = registers;
      return this;
    }

    public Builder msiVectors(int vectors) {
      this.msiVectors = vectors;
      return this;
    }

    public Builder msixEntries(int entries) {
      this.msixEntries = entries;
      return this;
    }

    public Builder extendedConfig(boolean extended) {
      this.extendedConfig = extended;
      return this;
    }

    /** By default there is one. */
    public Builder connector(boolean exists) {
      this.connector = exists;
      return this;
    }

    /** By default that of a passed-through device without location code on the host. */
    public Builder locationCode(LocationCode code) {
      this.locationCode = code;
      return this;
    }

    public Builder nvlink(NvlinkFacts facts) {
      this.nvlink = facts;
      return this;
    }

    public Builder behind(SecondaryBus bus) {
      this.behind = bus;
      return this;
    }

    public PciFunctionDescription build() {
      return new PciFunctionDescription(
          id,
          devfn,
          config,
          bars,
          msiVectors,
          msixEntries,
          extendedConfig,
          connector,
          locationCode,
          nvlink,
          behind);
    }
  }
}
