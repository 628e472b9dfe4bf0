package org.nvlink2vmm.dt.dts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Bad texts get one line: file, line, column, what was found, what was expected. */
class DtsReaderFaultsTest {
  static Stream<Arguments> faults() {
    return Stream.of(
        arguments("", "1:1: Found the end of the text, expected /dts-v1/; at the start"),
        arguments("/ { };", "1:1: Found '/', expected /dts-v1/; at the start"),
        arguments("/dts-v1/ / { };", "1:10: Found '/', expected ';' after /dts-v1/"),
        arguments("/dts-v1/;\n", "2:1: Found the end of the text, expected '/ {', the root"),
        arguments("/dts-v1/; /plugin/;", "1:11: Found '/plugin', expected a whole tree"),
        arguments("/dts-v1/; &l { };", "1:11: Found '&l', expected '/ {', the root"),
        arguments("/dts-v1/; /memreserve/ 1;", "1:25: Found ';', expected a number"),
        arguments("/dts-v1/; l: / { };", "1:14: Found '/', expected /memreserve/ after the label"),
        arguments("/dts-v1/; / { }", "1:16: Found the end of the text, expected ';' where a node"),
        arguments("/dts-v1/; / {\n\ta = <1>\n};", "3:1: Found '}', expected ';' after the value"),
        arguments("/dts-v1/; / { a b; };", "1:17: Found 'b', expected '=', ';' or '{' after the"),
        arguments("/dts-v1/; / { a = ; };", "1:19: Found ';', expected a value"),
        arguments("/dts-v1/; / { a = <1 x>; };", "1:22: Found 'x', expected a number, a reference"),
        arguments("/dts-v1/; / { a = <-1>; };", "1:20: Found '-1', expected a number, a reference"),
        arguments("/dts-v1/; / { a = <08>; };", "1:20: Found '08', expected a number"),
        arguments("/dts-v1/; / { a = <0x>; };", "1:20: Found '0x', expected a number"),
        arguments("/dts-v1/; / { a = <12ab>; };", "1:20: Found '12ab', expected a number"),
        arguments(
            "/dts-v1/; / { a = <0x10000000000000000>; };",
            "1:20: Found '0x10000000000000000', expected a number of up to 64 bits"),
        arguments(
            "/dts-v1/; / { a = <0x100000000>; };",
            "1:20: Found 0x100000000, expected a number that fits into 32 bits"),
        arguments(
            "/dts-v1/; / { a = /bits/ 8 <(-129)>; };", "expected a number that fits into 8 bits"),
        arguments(
            "/dts-v1/; / { a = /bits/ 24 <1>; };",
            "1:26: Found elements of 24 bits, expected 8, 16, 32 or 64"),
        arguments(
            "/dts-v1/; / { l: n { a = /bits/ 64 <&l>; }; };",
            "1:37: Found a reference among elements of 64 bits, expected 32 bits"),
        arguments("/dts-v1/; / { a = <(1/0)>; };", "1:22: Found a division by zero"),
        arguments("/dts-v1/; / { a = <(1%(2-2))>; };", "1:22: Found a division by zero"),
        arguments("/dts-v1/; / { a = <(1+)>; };", "1:23: Found ')', expected a number or an"),
        arguments("/dts-v1/; / { a = <(1 2)>; };", "1:23: Found '2', expected ')' at the end"),
        arguments("/dts-v1/; / { a = <(1?2)>; };", "1:24: Found ')', expected ':' of the cond"),
        arguments("/dts-v1/; / { a = <''>; };", "1:20: Found a character literal of 0 bytes"),
        arguments("/dts-v1/; / { a = <'ab'>; };", "1:20: Found a character literal of 2 bytes"),
        arguments("/dts-v1/; / { a = [0]; };", "1:20: Found '0', expected two hexadecimal digits"),
        arguments("/dts-v1/; / { a = [0g]; };", "1:20: Found '0g', expected two hexadecimal"),
        arguments("/dts-v1/; / { a = \"x; };", "1:19: Found no closing \", expected one"),
        arguments("/dts-v1/; / { a = \"\\xg\"; };", "1:21: Found \\x alone, expected hexadecimal"),
        arguments("/dts-v1/; / { a = \"x\\", "1:19: Found a backslash at the end of the text"),
        arguments("/dts-v1/; / { /* x };", "1:15: Found a comment without end, expected */"),
        arguments("/dts-v1/; / { \u0001 };", "1:15: Found byte 0x01, expected the name of a prop"),
        arguments("/dts-v1/; / { n { }; a; };", "1:22: Found property 'a' after a subnode"),
        arguments("/dts-v1/; / { a; b; a; };", "1:21: Found property 'a' in / a second time"),
        arguments("/dts-v1/; / { n { }; n { }; };", "1:22: Found node /n a second time"),
        arguments("/dts-v1/; / { n { }; /delete-node/ n; };", "1:22: Found node /n a second time"),
        arguments("/dts-v1/; / { l: n { }; l: m { }; };", "1:28: Found label 'l' a second time"),
        arguments("/dts-v1/; / { l: n { }; m { a = l: <1>; }; };", "Found label 'l' a second"),
        arguments("/dts-v1/; l: /memreserve/ 1 2; / { l: n { }; };", "Found label 'l' a second"),
        arguments("/dts-v1/; l: l: /memreserve/ 1 2; / { };", "Found label 'l' a second time"),
        arguments("/dts-v1/; / { }; &l { };", "1:18: Found no node for &l"),
        arguments("/dts-v1/; / { }; &{/n} { };", "1:18: Found no node for &{/n}"),
        arguments("/dts-v1/; / { }; x { };", "1:18: Found 'x', expected a reference to a node"),
        arguments("/dts-v1/; / { }; /delete-node/ x;", "1:32: Found 'x', expected a reference"),
        arguments("/dts-v1/; / { }; /delete-node/ &{/};", "1:18: The root cannot be deleted"),
        arguments("/dts-v1/; / { a = <&l>; };", "1:20: Found no node for &l"),
        arguments("/dts-v1/; / { a = <&{/x}>; };", "1:20: Found no node for &{/x}"),
        arguments("/dts-v1/; / { a = &l; };", "1:19: Found no node for &l"),
        arguments("/dts-v1/; / { a = <&{/x>; };", "1:20: Found '&', expected a number, a ref"),
        arguments(
            "/dts-v1/; / { l: n { }; }; / { a = <&l>; /delete-node/ n; };",
            "1:37: Found no node for &l"),
        arguments(
            "/dts-v1/; / { l: n { phandle = <0>; }; m { a = <&l>; }; };",
            "1:49: &l is /n, whose phandle property is no phandle"),
        arguments(
            "/dts-v1/; / { /omit-if-no-ref/ a; };", "1:33: Found ';', expected '{' after /om"),
        arguments("/dts-v1/; / { /delete-property/ ; };", "expected the name of the property"),
        arguments("/dts-v1/; / { /include/ x };", "1:25: Found 'x', expected a file name"),
        arguments(
            "/dts-v1/; / { /include/ \"x\" };", "1:15: Found an include in a text that is in"),
        arguments("/dts-v1/; / { a = /incbin/(\"x\"); };", "1:28: Found an include in a text that"),
        arguments("/dts-v1/;\n# 7 \"other.dtsi\" 1\n\n/ { ! };", "other.dtsi:8:5: Found '!', "));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("faults")
  void eachFaultIsToldInOneLine(String text, String message) {
    assertThatExceptionOfType(DtsException.class)
        .isThrownBy(() -> DtsReader.read("bad.dts", text))
        .withMessageContaining(message)
        .withMessageNotContaining("\n")
        .withMessageMatching("(bad.dts|other.dtsi):\\d+:\\d+: .*");
  }

  /** A text with something of everything. */
  private static final byte[] EVERYTHING =
      """
      /dts-v1/;
      /memreserve/ 0x1 (2+3);
      / { /* c */ #a-cells = <1 &l 'x' (1 ? 2 << 3 : ~4)>, // d
      "s\\n\\x41\\012", &l, l2: [01 ff], /bits/ 64 <(-1)>;
      l: n@1 { x; /omit-if-no-ref/ o { }; }; };
      / { /delete-property/ y; z = <&{/n@1}>; /delete-node/ m; };
      l3: &l { y = "q"; };
      &{/n@1} { };
      /omit-if-no-ref/ &l3;
      """
          .getBytes(UTF_8);

  @Test
  void everyTruncationIsRefusedOrRead() {
    assertThat(DtsReader.read("all", EVERYTHING, DtsLimits.DEFAULT).find("/n@1")).isPresent();
    for (int size = 0; size < EVERYTHING.length; size++) {
      readOrRefuse(Arrays.copyOf(EVERYTHING, size));
    }
  }

  @Test
  void aTextCutInsideATreeIsRefused() throws IOException {
    byte[] text = GoldenTrees.text("f-npu-only").getBytes(UTF_8);
    int end = new String(text, UTF_8).lastIndexOf(';');
    for (int size = 0; size <= end; size += 3) {
      assertThat(readOrRefuse(Arrays.copyOf(text, size))).as("%d bytes", size).isFalse();
    }
  }

  @Test
  void everyCorruptedByteIsReadOrRefused() {
    byte[] text = EVERYTHING.clone();
    for (int i = 0; i < text.length; i++) {
      byte sound = text[i];
      for (char change : "\0\n/\"'<>{}[](;:&*#\\x0~".toCharArray()) {
        text[i] = (byte) change;
        readOrRefuse(text);
      }
      text[i] = sound;
    }
  }

  private static boolean readOrRefuse(byte[] text) {
    try {
      return DtsReader.read("bad", text, DtsLimits.DEFAULT).root().name().isEmpty();
    } catch (DtsException e) {
      assertThat(e.getMessage()).startsWith("bad:");
      return false;
    }
  }

  static Stream<Arguments> limits() {
    DtsLimits limits = DtsLimits.DEFAULT;
    return Stream.of(
        arguments("/ { };", new DtsLimits(15, 64, 9, 9, 9, 9, 9, 9), "has more than 15 bytes"),
        arguments("/ { n { m { }; }; };", limits.withDepth(2), "more than 2 deep"),
        arguments(
            "/ { n { m { }; }; }; &{/n/m} { k { }; };", limits.withDepth(3), "more than 3 deep"),
        arguments(
            "/ { n { }; m { }; };", new DtsLimits(99, 64, 2, 9, 9, 9, 9, 9), "More than 2 nodes"),
        arguments(
            "/memreserve/ 1 1; /memreserve/ 1 1; / { };",
            new DtsLimits(99, 64, 1, 9, 9, 9, 9, 9),
            "More than 1 reservations"),
        arguments(
            "/ { a; b; };", new DtsLimits(99, 64, 9, 1, 9, 9, 9, 9), "More than 1 properties"),
        arguments(
            "/ { a = <1>; b = <1 2>; };",
            new DtsLimits(99, 64, 9, 9, 11, 9, 9, 9),
            "values have more than 11 bytes"),
        arguments(
            "/ { l: n { m { a = &l, &l, &l, &l; }; }; };",
            new DtsLimits(99, 64, 9, 9, 11, 9, 9, 9),
            "paths have more than 11 bytes"),
        arguments(
            "/ { a = <" + "(".repeat(65) + "1" + ")".repeat(65) + ">; };",
            limits,
            "more than 64 levels deep"),
        arguments("/ { a = <(" + "-".repeat(70) + "1)>; };", limits, "more than 64 levels deep"),
        arguments("/ { a = <(" + "1?".repeat(70) + "1)>; };", limits, "more than 64 levels deep"),
        arguments("/ { a = <(" + "1?1:".repeat(70) + "1)>; };", limits, "more than 64 levels"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("limits")
  void limitsHold(String text, DtsLimits limits, String message) {
    assertThatExceptionOfType(DtsException.class)
        .isThrownBy(() -> DtsReader.read("big.dts", ("/dts-v1/;\n" + text).getBytes(UTF_8), limits))
        .withMessageContaining(message);
  }

  /** Each is short, but took time by the square of its length in an earlier version. */
  @Test
  void longTextsTakeTimeByTheirLength() {
    int many = 100_000;
    StringBuilder wide = new StringBuilder("/ { ");
    for (int i = 0; i < many / 4; i++) {
      wide.append('n').append(i).append(" { };");
    }
    wide.append("};");
    for (String text :
        new String[] {
          "/ { a = [" + "ab".repeat(20 * many) + "]; };",
          wide + " / { " + "/delete-node/ n0;".repeat(many) + "};",
          "/ { n " + wide.substring(2) + "};" + "/ { /delete-node/ n; n { }; };".repeat(many / 10),
          "/ { l: n { }; }; " + "l: &l { x; };".repeat(many / 4)
        }) {
      byte[] bytes = ("/dts-v1/;\n" + text).getBytes(UTF_8);
      assertThat(DtsReader.read("long", bytes, DtsLimits.DEFAULT).root()).isNotNull();
    }
  }

  @Test
  void includesDoNotLeaveTheFolder(@TempDir Path outside) throws IOException {
    Path folder = Files.createDirectory(outside.resolve("in"));
    Path secret = Files.writeString(outside.resolve("secret"), "secret");
    Files.createDirectory(folder.resolve("sub"));
    Files.writeString(folder.resolve("sub/x"), "");
    Files.createSymbolicLink(folder.resolve("link"), secret);

    for (String name :
        new String[] {"../secret", "..", ".", "", "sub/x", "sub", secret.toString(), "\\000"}) {
      refuses(folder, name, "same folder", "no file name");
    }
    refuses(folder, "link", "is not a regular file of the same folder");
    refuses(folder, "absent", "Found no file 'absent' in the folder of the text");
  }

  private static void refuses(Path folder, String name, String... messages) throws IOException {
    Path file = folder.resolve("a.dts");
    Files.writeString(file, "/dts-v1/;\n/ { };\n/include/ \"" + name + "\"\n");
    assertThatExceptionOfType(DtsException.class)
        .as(name)
        .isThrownBy(() -> DtsReader.read(file))
        .satisfies(
            e -> {
              assertThat(e).hasMessageStartingWith(file + ":3:1: ");
              assertThat(Arrays.stream(messages).anyMatch(e.getMessage()::contains))
                  .as(e.getMessage())
                  .isTrue();
            });
  }

  @Test
  void includesOfThemselvesEnd(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("a.dts");
    Files.writeString(file, "/dts-v1/;\n/include/ \"a.dts\"\n/ { };\n");
    assertThatExceptionOfType(DtsException.class)
        .isThrownBy(() -> DtsReader.read(file))
        .withMessage("a.dts:2:1: Includes are more than 16 deep inside one another");
    Files.writeString(folder.resolve("e"), "");
    Files.writeString(file, "/dts-v1/;\n/ { };\n" + "/include/ \"e\"\n".repeat(257));
    assertThatExceptionOfType(DtsException.class)
        .isThrownBy(() -> DtsReader.read(file))
        .withMessageEndingWith(":259:1: More than 256 files are included");
  }

  @Test
  void anErrorInAnIncludeNamesTheInclude(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("a.dts"), "/dts-v1/;\n/ {\n/include/ \"b.dtsi\"\n};\n");
    Files.writeString(folder.resolve("b.dtsi"), "\n\ta = 1;\n");
    assertThatExceptionOfType(DtsException.class)
        .isThrownBy(() -> DtsReader.read(folder.resolve("a.dts")))
        .withMessageStartingWith("b.dtsi:2:6: Found '1', expected a value");
  }

  @Test
  void aNamePropertyIsKept() {
    DeviceTree tree = DtsReader.read("n", "/dts-v1/; / { n@1 { name = \"n\"; }; };");
    assertThat(tree.find("/n@1").orElseThrow().string("name")).hasValue("n");
  }
}
