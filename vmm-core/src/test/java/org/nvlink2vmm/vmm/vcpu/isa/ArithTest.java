package org.nvlink2vmm.vmm.vcpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ArithTest {
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);

  private final SplittableRandom random = new SplittableRandom(11);

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }

  @Test
  void masksMayWrap() {
    assertThat(Arith.mask(0, 63)).isEqualTo(-1);
    assertThat(Arith.mask(60, 63)).isEqualTo(15);
    assertThat(Arith.mask(63, 0)).isEqualTo(1L << 63 | 1);
  }

  @Test
  void multiplyAddsAreExact() {
    for (int i = 0; i < 10_000; i++) {
      long a = random.nextLong();
      long b = random.nextLong();
      long c = random.nextLong();
      BigInteger signed =
          BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).add(BigInteger.valueOf(c));
      assertThat(Arith.multiplyAddHigh(a, b, c)).isEqualTo(signed.shiftRight(64).longValue());
      BigInteger plain = unsigned(a).multiply(unsigned(b)).add(unsigned(c));
      assertThat(Arith.multiplyAddHighUnsigned(a, b, c))
          .isEqualTo(plain.shiftRight(64).longValue());
    }
  }

  @Test
  void extendedDivisionIsExact() {
    for (int i = 0; i < 10_000; i++) {
      long divisor = random.nextLong();
      long high = Long.remainderUnsigned(random.nextLong(), divisor);
      BigInteger quotient = unsigned(high).multiply(TWO_64).divide(unsigned(divisor));
      assertThat(unsigned(Arith.divideExtendedUnsigned(high, divisor))).isEqualTo(quotient);
    }
  }

  @Test
  void bitsArePermutedByIndex() {
    assertThat(Arith.permuteBits(0x0001_0203_0405_3e3fL, 0x8000_0000_0000_0001L)).isEqualTo(0x81);
    assertThat(Arith.permuteBits(0x40ff_40ff_40ff_40ffL, -1)).isZero();
  }

  @Test
  void equalBytesAreFound() {
    assertThat(Arith.compareBytes(0x1122_3344_5566_7788L, 0x1100_3300_5500_7700L))
        .isEqualTo(0xff00_ff00_ff00_ff00L);
  }
}
