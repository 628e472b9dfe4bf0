package org.nvlink2vmm.dt.spapr;

import java.util.Locale;
import java.util.Optional;

/**
 * Whose tree is written: a QEMU release's, defects included, or the corrected one.
 *
 * <p>{@link #CORRECTED} is what release 7.0 meant to write. Each difference and its reason:
 *
 * <table>
 * <caption>Corrections</caption>
 * <tr><th>subject</th><th>QEMU</th><th>corrected</th><th>reason</th></tr>
 * <tr><td>bridge whose tgt no GPU of its vPHB has</td><td>crash while the memory nodes are written,
 *     if the vPHB has another GPU</td><td>plain PCI function, warning</td>
 *     <td>a bridge may be passed without its GPU</td></tr>
 * <tr><td>bridge without ATSD</td><td>abort at the first reset</td>
 *     <td>keeps its link, contributes no entry to {@code ibm,mmio-atsd}</td>
 *     <td>host kernels give size 0 where firmware has fewer ATSDs than links; VFIO accepts it</td>
 *     </tr>
 * <tr><td>two GPUs with one tgt on a vPHB</td><td>abort</td><td>refused by name</td>
 *     <td>bridges could not be told apart; configuration must not reach an assertion</td></tr>
 * <tr><td>more than 6 GPUs on a vPHB, more than 3 bridges of a GPU</td>
 *     <td>message, the whole vPHB loses its NVLink</td><td>refused by name</td>
 *     <td>a guest without its GPUs is not what was asked for</td></tr>
 * <tr><td>more than 8 ATSDs</td><td>rest of the slot cut with a message, or the rest of all slots
 *     without one</td><td>8 written, warning that names what is left out</td>
 *     <td>Linux uses 8, NVIDIA's driver refuses more than 16</td></tr>
 * <tr><td>GPU without bridge</td><td>empty {@code ibm,npu}, {@code npuphb} without links</td>
 *     <td>neither; the memory node stays</td><td>an empty list makes drivers expect links</td></tr>
 * <tr><td>NUMA ids over machine resets (4.2 and later)</td><td>grow</td>
 *     <td>start again at every reset</td><td>a rebooted guest must find the same nodes</td></tr>
 * <tr><td>NUMA ids over vPHBs</td><td>newest vPHB first, an accident of a list's order</td>
 *     <td>creation order, as the nodes stand in the tree</td><td>predictable numbering</td></tr>
 * <tr><td>NUMA ids of refused or failed setups</td><td>stay consumed</td><td>never consumed</td>
 *     <td>{@code ibm,max-associativity-domains} must count nodes that exist</td></tr>
 * <tr><td>{@code ibm,associativity} beyond the sixth GPU (5.2 and later)</td><td>zeros</td>
 *     <td>written for every GPU</td><td>zeros put the GPU memory on no node</td></tr>
 * <tr><td>FORM2 tables</td><td>without the GPU nodes</td><td>with them, distance 80</td>
 *     <td>a node id without distance is invalid to Linux; 80 is what FORM1 gives</td></tr>
 * <tr><td>phandles of PCI functions</td><td>without the bus number: collide behind bridges</td>
 *     <td>bus number in bits 8-15</td><td>phandles are unique in a tree (DTSpec 2.3.3)</td></tr>
 * <tr><td>multi-function PCI bridge (header type 0x81)</td><td>functions behind it are not
 *     collected</td><td>collected</td><td>bit 7 says nothing about the header's layout</td></tr>
 * <tr><td>placement of GPU RAM and ATSD</td><td>packed, no check against the window</td>
 *     <td>aligned to the size, at least to 128 GiB and 64 KiB, and checked</td>
 *     <td>NVIDIA's driver wants bases in multiples of 128 GiB, guests map ATSDs as 64 KiB pages,
 *     windows of neighbours must not overlap</td></tr>
 * <tr><td>GPU RAM that is not made of 64 KiB pages</td><td>placed</td><td>refused by name</td>
 *     <td>neither VFIO nor the guest can map it</td></tr>
 * <tr><td>{@code link@n}</td><td>no {@code reg}, n decimal</td>
 *     <td>{@code reg = <n>}, n hexadecimal</td>
 *     <td>a unit address needs it (DTSpec 2.2.1)</td></tr>
 * <tr><td>{@code ibm,max-associativity-domains} (5.2)</td><td>counts guest nodes twice</td>
 *     <td>as 6.0</td><td>fixed in QEMU itself</td></tr>
 * <tr><td>tgt and link speed (7.1 and later)</td><td>read from memory that was freed</td>
 *     <td>as the device says</td><td>bridges would lose their GPUs at random; {@link #QEMU_7_1}
 *     writes what QEMU writes while that memory still holds the values</td></tr>
 * </table>
 */
public enum Compat {
  CORRECTED(700),
  QEMU_4_1(401),
  QEMU_4_2(402),
  QEMU_5_0(500),
  QEMU_5_1(501),
  QEMU_5_2(502),
  QEMU_6_0(600),
  QEMU_6_1(601),
  QEMU_6_2(602),
  QEMU_7_0(700),
  QEMU_7_1(701);

  private final int release;

  Compat(int release) {
    this.release = release;
  }

  /** The value of that name, {@code corrected} or {@code qemu-4.1} ... {@code qemu-7.1}. */
  public static Optional<Compat> of(String text) {
    for (Compat compat : values()) {
      if (compat.text().equals(text)) {
        return Optional.of(compat);
      }
    }
    return Optional.empty();
  }

  /** The name by which users know it: {@code corrected}, {@code qemu-5.2}. */
  public String text() {
    return this == CORRECTED
        ? "corrected"
        : String.format(Locale.ROOT, "qemu-%d.%d", release / 100, release % 100);
  }

  public boolean isCorrected() {
    return this == CORRECTED;
  }

  /** Whether a change that came with {@code other} is in; the corrected tree builds on 7.0. */
  boolean isAtLeast(Compat other) {
    return release >= other.release;
  }

  /**
   * Whether GPU NUMA ids start again at each machine reset rather than only at machine creation.
   */
  boolean restartsNumaIds() {
    return this == CORRECTED || this == QEMU_4_1;
  }

  /** The newest machine type of this release, its default. */
  public MachineType newestMachineType() {
    return switch (this) {
      case QEMU_4_1 -> MachineType.PSERIES_4_1;
      case QEMU_4_2 -> MachineType.PSERIES_4_2;
      case QEMU_5_0 -> MachineType.PSERIES_5_0;
      case QEMU_5_1 -> MachineType.PSERIES_5_1;
      case QEMU_5_2 -> MachineType.PSERIES_5_2;
      case QEMU_6_0 -> MachineType.PSERIES_6_0;
      case QEMU_6_1 -> MachineType.PSERIES_6_1;
      case QEMU_6_2 -> MachineType.PSERIES_6_2;
      case QEMU_7_0, CORRECTED -> MachineType.PSERIES_7_0;
      case QEMU_7_1 -> MachineType.PSERIES_7_1;
    };
  }
}
