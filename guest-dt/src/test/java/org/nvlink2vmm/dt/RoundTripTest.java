package org.nvlink2vmm.dt;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.dt.SameTree.assertSame;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.dts.DtsLimits;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.dts.DtsWriter;
import org.nvlink2vmm.dt.fdt.FdtLimits;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Random trees come back unchanged, through our code alone and through the tools' too. */
class RoundTripTest {
  static LongStream seeds() {
    return LongStream.range(0, 60);
  }

  static LongStream fewSeeds() {
    return LongStream.range(1000, 1010);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void blobsAndTextGiveTheTreeBack(long seed) {
    DeviceTree tree = RandomTrees.tree(seed, 120);

    byte[] blob = FdtWriter.bytes(tree);
    assertThat(blob).hasSize((int) FdtWriter.size(tree));
    DeviceTree fromBlob = FdtReader.read(blob);
    assertSame(fromBlob, tree);
    assertThat(FdtWriter.bytes(fromBlob)).isEqualTo(blob);

    String text = DtsWriter.text(tree);
    DeviceTree fromText = DtsReader.read("seed-" + seed, text);
    assertSame(fromText, tree);
    assertThat(DtsWriter.text(fromText)).isEqualTo(text);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("fewSeeds")
  void dtcMakesTheSameBlobOfOurText(long seed) throws IOException, InterruptedException {
    Dtc.assumeInstalled("dtc");
    DeviceTree tree = RandomTrees.tree(seed, 120);

    assertThat(Dtc.blob(DtsWriter.text(tree).getBytes(UTF_8))).isEqualTo(FdtWriter.bytes(tree));
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("fewSeeds")
  void dtcMakesTheSameTextOfOurBlob(long seed) throws IOException, InterruptedException {
    Dtc.assumeInstalled("dtc");
    DeviceTree tree = RandomTrees.tree(seed, 120);

    String text = new String(Dtc.text(FdtWriter.bytes(tree)), ISO_8859_1);
    // The one place where we write otherwise, because dtc's own text reads as another value.
    assertThat(DtsWriter.text(tree).replaceAll("\\\\000(?=[0-7])", "\\\\0")).isEqualTo(text);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("fewSeeds")
  void fdtgetFindsEveryValueInOurBlob(long seed, @TempDir Path folder)
      throws IOException, InterruptedException {
    Dtc.assumeInstalled("fdtget");
    DeviceTree tree = RandomTrees.tree(seed, 60);
    tree.root().setU32("at-least-one", 0x01020304);
    Path file = folder.resolve("tree.dtb");
    Files.write(file, FdtWriter.bytes(tree));

    List<String> command = new ArrayList<>(List.of("fdtget", "-t", "bx", file.toString()));
    List<String> expected = new ArrayList<>();
    for (Node node : tree.nodes()) {
      for (Property property : node.properties()) {
        if (property.length() > 0) {
          command.add(node.path());
          command.add(property.name());
          expected.add(hexBytes(property));
        }
      }
    }
    byte[] output = Dtc.run(new byte[0], command.toArray(String[]::new));
    assertThat(new String(output, UTF_8).lines()).isEqualTo(expected);
  }

  private static String hexBytes(Property property) {
    return HexFormat.ofDelimiter(" ")
        .formatHex(property.bytes())
        .replaceAll("\\b0(?=[0-9a-f]\\b)", "");
  }

  @Test
  void aTreeOf10000NodesIsReadAndWrittenBothWays() {
    DeviceTree tree = new DeviceTree();
    tree.root().setU32("#address-cells", 2).setU32("#size-cells", 2);
    for (int bus = 0; bus < 10; bus++) {
      Node parent = tree.root().addChild("bus@" + bus);
      for (int i = 0; i < 1000; i++) {
        parent
            .addChild("dev@" + Integer.toHexString(i))
            .setStrings("compatible", "vendor,device-" + i % 16)
            .setU64("reg", (long) i << 20, 0x100000)
            .setU32("phandle", bus * 1000 + i + 1)
            .setStrings("status", "okay")
            .setU32("ibm,prop-" + i % 32, i)
            .setStrings("label", "slot-" + i);
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(FdtWriter.size(tree) + 8);
      assertThat(FdtWriter.write(tree, memory)).isEqualTo(memory.byteSize() - 8);
      assertSame(FdtReader.read(memory), tree);
    }
    assertSame(DtsReader.read("big", DtsWriter.text(tree)), tree);
  }

  @Test
  void depthIsBoundedByLimitsNotByTheStack() {
    DeviceTree tree = new DeviceTree();
    Node node = tree.root();
    for (int i = 0; i < 1000; i++) {
      node = node.addChild("n").setU32("x", i);
    }
    byte[] blob = FdtWriter.bytes(tree);
    assertSame(FdtReader.read(blob, FdtLimits.DEFAULT.withDepth(1001)), tree);

    byte[] text = DtsWriter.text(tree).getBytes(UTF_8);
    assertSame(DtsReader.read("deep", text, DtsLimits.DEFAULT.withDepth(1001)), tree);
    byte[] twice = (DtsWriter.text(tree) + DtsWriter.text(tree).substring(11)).getBytes(UTF_8);
    assertSame(DtsReader.read("deep", twice, DtsLimits.DEFAULT.withDepth(1001)), tree);
  }

  @Test
  void namesWithOneEndAreFoundWhereDtcFindsThem() throws IOException, InterruptedException {
    Dtc.assumeInstalled("dtc");
    Random random = new Random(7);
    StringBuilder text = new StringBuilder("/dts-v1/;\n/ {\n");
    List<String> names =
        random
            .ints(400, 0, 1 << 12)
            .mapToObj(Integer::toBinaryString)
            .distinct()
            .collect(Collectors.toList());
    names.forEach(name -> text.append("x".repeat(name.length() % 3)).append(name).append(";\n"));
    text.append("};\n");

    DeviceTree tree = DtsReader.read("names", text.toString());
    assertThat(FdtWriter.bytes(tree)).isEqualTo(Dtc.blob(text.toString().getBytes(UTF_8)));
  }
}
