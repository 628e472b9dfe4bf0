package org.nvlink2vmm.dt.dts;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.Dtc;
import org.nvlink2vmm.dt.HostTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;

/** The same text through dtc and through us gives the same bytes. */
class DtcOracleTest {
  @BeforeAll
  static void dtcIsThere() {
    Dtc.assumeInstalled("dtc");
  }

  static List<String> hosts() {
    return HostTrees.names();
  }

  @ParameterizedTest
  @MethodSource("hosts")
  void hostTreesGiveTheBlobOfDtc(String host) throws IOException, InterruptedException {
    assertSameBlob(HostTrees.text(host));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void everyFeatureGivesTheBlobOfDtc(String text) throws IOException, InterruptedException {
    assertSameBlob(("/dts-v1/;\n" + text).getBytes(UTF_8));
  }

  static List<String> texts() {
    return List.of(
        "/ { };",
        "/memreserve/ 0x1 0x2; l1: l2: /memreserve/ 1 (2+3); / { };",
        "/ { a = l0: <1 l1: 2 &n> l3:, l4: \"abc\" l5:, [01 l6: 02 ff] ; n: l7: n@1 { lp: x; }; };",
        "/ { x=<&{/m/k}>; y = &n; z = &{/m}, \"s\", &n; n: n { }; m { k: k { }; }; };",
        "/ { x=<&a &b &c &a>; a: a { }; b: b { phandle = <1>; }; c: c { linux,phandle = <3>; }; };",
        "/ { q=<(-1) (1?2:3) (5/2) (1<<31) 'a' '\\n' '\\x41' '\\0'>; };",
        "/ { q=<(1 ? 2 ? 3 : 4 : 5) (0 ? 1 : 0 ? 2 : 3) (1||0&&0) (1|2^3&1) (1==1!=0)>; };",
        "/ { q=<(1<2>0) (3<=3) (4>=5) (1<<2>>1) (7-2-1) (2*3%4) (-(1)+2) (~0&0xff) (!0) (!!5)>; };",
        "/ { q=/bits/ 64 <(1<<64) (1>>64) ((-1)>(1)) ((-1)/2) ((-1)%10) 010 0xFFUL 12ULL>; };",
        "/ { w=/bits/ 64 <1 0xffffffffffffffff (-1)>, /bits/ 8 <1 2 'c' (-1) (-128)>; };",
        "/ { t=/bits/ 16 <0xffff (-32768)>, /bits/ 32 <5>, <>, []; };",
        "/ { s = \"a\\t\\\"\\\\\\x7f\\177\\0b\\1\\12\\1234\\q\\'\", \"\", \"\u00e9 /* no comment */"
            + " //\"; };",
        "/ { b = [0123 45 6 7 89ab]; };".replace("6 7", "67"),
        "/ { a = <1>; b = <2>; n { x; }; m { }; }; / { a = <3>; c; n { y; x = <1>; }; o { }; };",
        "/ { a = <1>; b = <2>; }; / { /delete-property/ a; c; a = <7>; };",
        "/ { a = <1>; /delete-property/ a; /delete-property/ b; b; };",
        "/ { n { x; k { }; }; m { }; }; / { /delete-node/ n; n { y; }; };",
        "/ { n { x; }; /delete-node/ m; m { }; };",
        "/ { n { x; k { }; }; m { }; }; / { n { z; }; /delete-node/ n; };",
        "/ { n: n { x; k: k { }; }; m { }; }; /delete-node/ &n; / { n { l: k { }; }; };",
        "/ { n: n { x; k { }; }; m { }; }; &n { y; k { z; }; }; &{/m} { w; }; &{/} { v; };",
        "/ { n: n { k { }; }; }; l: &n { y = <&l>; }; &l { z; }; /delete-node/ &{/n/k};",
        "/ { n: n { }; }; /delete-node/ &n; / { n: m { x = <&n>; }; };",
        "/ { /omit-if-no-ref/ a: a { x = <&b>; }; /omit-if-no-ref/ b: b { }; c: c { d { }; }; };"
            + " /omit-if-no-ref/ &c;",
        "/ { p = &a; /omit-if-no-ref/ a: a { }; n { /omit-if-no-ref/ m { }; k { }; }; };",
        "/ { a: a { phandle = <&a>; }; b { x = <&a>; }; };",
        "/* c */ / // d\n { a /* e **/ = /* f */ < /*g*/ 1 > ; // h\n };",
        "\n# 12 \"other.h\" 2 3\n/ {\n#line 7 \"x\"\n#address-cells = <1>; };",
        "/ { \\0name; 1,2.3_+*#?-x = <1>; 10 { }; cpus { cpu@5 { reg = <5>; }; cpu@6 { }; }; };",
        "/ { cpus { cpu@5 { reg = <0 5>; }; }; };",
        "/ { xreg = <1>; reg = <2>; xx = <1>; x = <2>; n { greg; areg; reg; }; };",
        "/dts-v1/; / { };");
  }

  @Test
  void includesAreTaken(@TempDir Path folder) throws IOException, InterruptedException {
    Files.writeString(
        folder.resolve("a.dts"),
        "/dts-v1/;\n/include/ \"b.dtsi\"\n/ { y = [/include/\"c\" 03]; i = /incbin/(\"c\"),"
            + " /incbin/(\"c\", 1, (2+1)); };\n");
    Files.writeString(folder.resolve("b.dtsi"), "/ { x; /include/ \"d\" };");
    Files.writeString(folder.resolve("c"), "01 02");
    Files.writeString(folder.resolve("d"), "n { };");

    String file = folder.resolve("a.dts").toString();
    byte[] expected = Dtc.run(new byte[0], "dtc", "-q", "-q", "-O", "dtb", file);
    assertThat(FdtWriter.bytes(DtsReader.read(Path.of(file)))).isEqualTo(expected);
  }

  private static void assertSameBlob(byte[] text) throws IOException, InterruptedException {
    byte[] expected = Dtc.blob(text);
    byte[] found = FdtWriter.bytes(DtsReader.read("test.dts", text, DtsLimits.DEFAULT));

    assertThat(DtsWriter.text(FdtReader.read(found)))
        .isEqualTo(new String(Dtc.text(expected), ISO_8859_1));
    assertThat(found).isEqualTo(expected);
  }
}
