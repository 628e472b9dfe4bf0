package org.nvlink2vmm.vmm.vcpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DecoderTest {
  @Test
  void raZeroOfAnAddressReadsAsZero() {
    long li = Decoder.decode(0x3860ffff);
    assertThat(Insn.op(li)).isEqualTo(Op.ADDI);
    assertThat(Insn.ra(li)).isEqualTo(Insn.ZERO);
    assertThat(Insn.rt(li)).isEqualTo(3);
    assertThat(Insn.immediate(li)).isEqualTo(-1);
  }

  @Test
  void logicalFormsHaveTheirTargetFirst() {
    // or r4,r5,r6
    long or = Decoder.decode(0x7ca43378);
    assertThat(Insn.op(or)).isEqualTo(Op.OR);
    assertThat(Insn.rt(or)).isEqualTo(4);
    assertThat(Insn.ra(or)).isEqualTo(5);
    assertThat(Insn.rb(or)).isEqualTo(6);
    assertThat(Insn.rc(or)).isFalse();
  }

  @Test
  void theShiftOfADoublewordRotateHasSixBits() {
    // rldicl r3,r4,33,5
    long rotate = Decoder.decode(0x78830942);
    assertThat(Insn.op(rotate)).isEqualTo(Op.RLDICL);
    assertThat(Insn.rb(rotate)).isEqualTo(33);
    assertThat(Insn.field(rotate)).isEqualTo(5);
  }

  @Test
  void commonBranchesHaveTheirOwnOperations() {
    assertThat(Insn.op(Decoder.decode(0x4e800020))).isEqualTo(Op.BLR);
    assertThat(Insn.op(Decoder.decode(0x4e800421))).isEqualTo(Op.BCCTR);
    assertThat(Insn.op(Decoder.decode(0x4e800420))).isEqualTo(Op.BCTR);
    assertThat(Insn.op(Decoder.decode(0x41820010))).isEqualTo(Op.BC_TRUE);
    assertThat(Insn.op(Decoder.decode(0x40820010))).isEqualTo(Op.BC_FALSE);
    assertThat(Insn.op(Decoder.decode(0x4200fffc))).isEqualTo(Op.BDNZ);
    assertThat(Insn.op(Decoder.decode(0x48000001))).isEqualTo(Op.BL);
  }

  @Test
  void anUpdateFormWithoutABaseIsIllegal() {
    assertThat(Insn.op(Decoder.decode(0xe8600009))).isEqualTo(Op.ILLEGAL);
  }

  @Test
  void unitsThatWeLackAreToldApart() {
    assertThat(Insn.op(Decoder.decode(0xc8210000))).isEqualTo(Op.FLOATING);
    assertThat(Insn.op(Decoder.decode(0x10000484))).isEqualTo(Op.VECTOR);
    assertThat(Insn.op(Decoder.decode(0xf0000000))).isEqualTo(Op.VSX);
    assertThat(Insn.op(Decoder.decode(0))).isEqualTo(Op.ILLEGAL);
  }

  @Test
  void everyWordDecodesToRegistersThatExist() {
    long seed = 7;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 200_000; i++) {
      int word = random.nextInt();
      long insn = Decoder.decode(word);
      assertThat(Insn.op(insn)).as("seed %d word %08x", seed, word).isBetween(2, Op.COUNT - 1);
      assertThat(Insn.rt(insn)).as("word %08x", word).isLessThan(32);
      assertThat(Insn.ra(insn)).as("word %08x", word).isLessThanOrEqualTo(32);
    }
  }
}
