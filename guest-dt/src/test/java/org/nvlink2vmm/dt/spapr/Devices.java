package org.nvlink2vmm.dt.spapr;

/** The PCI functions of the golden cases: identities, BARs and interrupts as their harness set. */
final class Devices {
  private Devices() {}

  static PciFunctionDescription gpu(
      PciFunctionDescription.Builder builder, long tgt, long ramSize, int gigabytes) {
    boolean large = gigabytes == 32;
    return builder
        .config(
            PciConfigFacts.of(0x10de, large ? 0x1db5 : 0x1db1, 0xa1, 0x030200)
                .withSubsystem(0x10de, large ? 0x1249 : 0x1212)
                .withInterruptPin(1))
        .bars(
            new PciBar(0, PciBar.Kind.MEMORY_32, 0x100_0000),
            new PciBar(1, PciBar.Kind.MEMORY_64, (long) gigabytes << 30),
            new PciBar(3, PciBar.Kind.MEMORY_64, 0x200_0000))
        .msiVectors(1)
        .extendedConfig(true)
        .nvlink(new GpuRamFacts(tgt, ramSize))
        .build();
  }

  static PciFunctionDescription gpu(String id, int slot, long tgt) {
    return gpu(PciFunctionDescription.builder(id, slot, 0), tgt, 0x20_0000_0000L, 32);
  }

  static PciFunctionDescription bridge(
      PciFunctionDescription.Builder builder, long tgt, int speed, long atsdSize) {
    return builder
        .config(
            PciConfigFacts.of(0x1014, 0x04ea, 1, 0x068001).withHeaderType(0x80).withInterruptPin(1))
        .bars(
            new PciBar(0, PciBar.Kind.MEMORY_64, 0x2_0000),
            new PciBar(2, PciBar.Kind.MEMORY_64, 0x1_0000))
        .nvlink(new AtsdFacts(tgt, speed, atsdSize))
        .build();
  }

  static PciFunctionDescription bridge(String id, int slot, int function, long tgt) {
    return bridge(PciFunctionDescription.builder(id, slot, function), tgt, 9, 0x1_0000);
  }

  static PciFunctionDescription pciBridge(
      PciFunctionDescription.Builder builder, SecondaryBus behind) {
    return builder
        .config(PciConfigFacts.of(0x1b36, 0x0001, 0, 0x060400).withHeaderType(1).withStatus(0xa0))
        .bars(new PciBar(0, PciBar.Kind.MEMORY_64, 0x100))
        .locationCode(LocationCode.emulated("pci-bridge"))
        .behind(behind)
        .build();
  }

  static PciFunctionDescription virtioNet(PciFunctionDescription.Builder builder) {
    return builder
        .config(
            PciConfigFacts.of(0x1af4, 0x1000, 0, 0x020000)
                .withSubsystem(0x1af4, 1)
                .withInterruptPin(1))
        .bars(new PciBar(4, PciBar.Kind.MEMORY_64, 0x4000))
        .msixEntries(3)
        .locationCode(LocationCode.emulated("virtio-net-pci"))
        .build();
  }
}
