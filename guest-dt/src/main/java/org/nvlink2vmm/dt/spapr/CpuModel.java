package org.nvlink2vmm.dt.spapr;

import java.util.HexFormat;

/**
 * What all cores of a kind have in common.
 *
 * @param name node name without unit address
 * @param version the processor version register
 * @param timebaseHz ticks of the time base a second
 * @param clockHz nominal clock
 * @param cacheLine bytes of a line, and of a block for the cache instructions; NVIDIA's driver
 *     reads {@code d-cache-block-size} of the first core
 * @param l1Size bytes of each first-level cache
 * @param slbSize entries of the segment buffer
 * @param decrementerBits width of the decrementer
 * @param pageTableShift log2 of the hash page table's size
 * @param radixEncodings {@code ibm,processor-radix-AP-encodings}: top three bits the encoding for
 *     tlbie, the rest log2 of the page size
 * @param features {@code ibm,pa-features} in hexadecimal digits
 */
public record CpuModel(
    String name,
    int version,
    int timebaseHz,
    int clockHz,
    int cacheLine,
    int l1Size,
    int slbSize,
    int decrementerBits,
    int pageTableShift,
    RadixEncodings radixEncodings,
    String features) {

  /** The AP encodings of radix page sizes (Power ISA 3.0 B, book III 5.10.1). */
  public record RadixEncodings(int size4K, int size64K, int size2M, int size1G) {
    int[] cells() {
      return new int[] {size4K, size64K, size2M, size1G};
    }
  }

  /**
   * POWER9 DD 2.0 as QEMU shows it to pseries guests: 512 MHz time base, 1 GHz. The features are
   * those of ISA 3.0 in PAPR's attribute numbering, radix included.
   */
  public static final CpuModel POWER9 =
      new CpuModel(
          "PowerPC,POWER9",
          0x004e_1200,
          512_000_000,
          1_000_000_000,
          128,
          32 * 1024,
          32,
          56,
          23,
          new RadixEncodings(0x0000_000c, 0xa000_0010, 0x2000_0015, 0x4000_001e),
          "4200f63fc7c080f080000000000000000000800080008000"
              + "000080008000800080008000c00080008000800080008000"
              + "8000800080008000800080008000800080000000");

  byte[] featureBytes() {
    return HexFormat.of().parseHex(features);
  }
}
