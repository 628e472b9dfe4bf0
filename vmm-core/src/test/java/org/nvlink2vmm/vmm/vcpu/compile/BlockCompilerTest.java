package org.nvlink2vmm.vmm.vcpu.compile;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;

class BlockCompilerTest {
  private static final int ADDI_R3_1 = 0x38630001;
  private static final int LMW = 0xbba10000;
  private static final int SC = 0x44000022;
  private static final int STWCX = 0x7ce0292d;
  private static final long SEED = 77;

  /** HotSpot's HugeMethodLimit: a longer method is never compiled. */
  private static final int HUGE_METHOD = 8000;

  private static Optional<BlockCompiler.Result> compile(int entry, int... words) {
    return BlockCompiler.compile(
        i -> Decoder.decode(i < words.length ? words[i] : SC), entry, true);
  }

  private static int longest(BlockCompiler.Result result) {
    return ClassFile.of().parse(result.classFile()).methods().stream()
        .flatMap(method -> method.code().stream())
        .mapToInt(code -> ((CodeAttribute) code).codeLength())
        .max()
        .orElseThrow();
  }

  @Test
  void aRegionEndsBeforeAnInstructionOfTheInterpreters() {
    Region region = compile(0, ADDI_R3_1, ADDI_R3_1, LMW, ADDI_R3_1).orElseThrow().region();
    assertThat(region.indices().toString()).isEqualTo("{0, 1}");
  }

  @Test
  void aRegionFollowsDirectBranchesBothWays() {
    // addi; then b +12 over two; beq back to the first.
    Region region =
        compile(1, ADDI_R3_1, 0x4800000c, ADDI_R3_1, ADDI_R3_1, 0x4182fff0).orElseThrow().region();
    assertThat(region.indices().toString()).isEqualTo("{0, 1, 4}");
    assertThat(region.entry()).isEqualTo(1);
  }

  @Test
  void aCallInsideThePageIsFollowedAndComesBack() {
    // bl +12; addi; sc; addi; blr.
    Region region =
        compile(0, 0x4800000d, ADDI_R3_1, SC, ADDI_R3_1, 0x4e800020).orElseThrow().region();
    assertThat(region.indices().toString()).isEqualTo("{0, 1, 3, 4}");
    assertThat(region.returns()).containsExactly(1);
  }

  @Test
  void aBranchOutOfThePageIsAnExit() {
    assertThat(compile(0, 0x48001000).orElseThrow().region().size()).isEqualTo(1);
    assertThat(compile(0, 0x4bfff000).orElseThrow().region().size()).isEqualTo(1);
  }

  @Test
  void nothingIsCompiledWhereTheInterpreterHasToBegin() {
    assertThat(compile(0, SC)).isEmpty();
    assertThat(compile(0, LMW)).isEmpty();
  }

  @Test
  void longRegionsAreCutUntilTheJustInTimeCompilerTakesThem() {
    int[] words = new int[Region.PAGE_WORDS];
    for (int word : new int[] {ADDI_R3_1, STWCX, 0x7c632b97, 0x94850004}) {
      Arrays.fill(words, word);
      BlockCompiler.Result result = compile(0, words).orElseThrow();
      assertThat(longest(result)).as("%08x", word).isLessThan(HUGE_METHOD);
      assertThat(result.region().size()).as("%08x", word).isGreaterThan(20);
    }
  }

  @Test
  void anyWordsCompileOrAreRefused() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int round = 0; round < 300; round++) {
      int entry = random.nextInt(Region.PAGE_WORDS);
      boolean wide = random.nextBoolean();
      int[] words = random.ints(Region.PAGE_WORDS).toArray();
      for (int i = 0; i < words.length; i += 3) {
        // Branches near by, so that regions grow.
        words[i] = 0x40000000 | (words[i] & 0x03ff0000) | ((byte) words[i] & 0xfffc);
      }
      Optional<BlockCompiler.Result> result =
          BlockCompiler.compile(i -> Decoder.decode(words[i]), entry, wide);
      result.ifPresent(
          compiled -> assertThat(longest(compiled)).as("seed %d", SEED).isLessThan(HUGE_METHOD));
    }
  }
}
