package org.nvlink2vmm.dt.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** One blob for each rule that a blob can break. */
class FdtReaderFaultsTest {
  private static final int END = 9;
  private static final int NOP = 4;
  private static final int STRUCT = RawBlob.STRUCT_OFFSET;

  /** A sound blob: root with one property and one child. The structure takes 48 bytes. */
  private static RawBlob sound() {
    return blob().begin("").property("x", 7).begin("n").end().end().word(END);
  }

  private static RawBlob blob() {
    return new RawBlob();
  }

  static Stream<Arguments> faults() {
    return Stream.concat(headerFaults(), structureFaults());
  }

  private static Stream<Arguments> headerFaults() {
    byte[] whole = sound().build();
    return Stream.of(
        arguments("nothing", new byte[0], Fault.TRUNCATED_HEADER, 0),
        arguments("half a magic", Arrays.copyOf(whole, 3), Fault.TRUNCATED_HEADER, 3),
        arguments("half a header", Arrays.copyOf(whole, 20), Fault.TRUNCATED_HEADER, 20),
        arguments("the last header word", Arrays.copyOf(whole, 39), Fault.TRUNCATED_HEADER, 39),
        arguments("another magic", sound().header(0, 0xd00dfeee).build(), Fault.BAD_MAGIC, 0),
        arguments("an ELF file", new byte[] {0x7f, 'E', 'L', 'F'}, Fault.BAD_MAGIC, 0),
        arguments("version 15", sound().header(20, 15).build(), Fault.BAD_VERSION, 20),
        arguments("version -1 needed", sound().header(24, -1).build(), Fault.BAD_VERSION, 24),
        arguments(
            "version 18 needed",
            sound().header(20, 18).header(24, 18).build(),
            Fault.BAD_VERSION,
            24),
        arguments(
            "more needed than is there",
            sound().header(20, 16).header(24, 17).build(),
            Fault.BAD_VERSION,
            24),
        arguments("no room", sound().header(4, 39).build(), Fault.BAD_TOTAL_SIZE, 4),
        arguments(
            "one byte short", Arrays.copyOf(whole, whole.length - 1), Fault.TRUNCATED_BLOB, 4),
        arguments("size 2^32-1", sound().header(4, -1).build(), Fault.TRUNCATED_BLOB, 4),
        arguments(
            "structure behind the end",
            sound().header(8, whole.length + 4).build(),
            Fault.BLOCK_OUT_OF_BLOB,
            8),
        arguments(
            "structure before the start",
            sound().header(8, -4).build(),
            Fault.BLOCK_OUT_OF_BLOB,
            8),
        arguments(
            "structure in the header", sound().header(8, 36).build(), Fault.BLOCK_OUT_OF_BLOB, 8),
        arguments(
            "structure size 2^32-1", sound().header(36, -1).build(), Fault.BLOCK_OUT_OF_BLOB, 8),
        arguments(
            "strings behind the end",
            sound().header(12, whole.length + 1).build(),
            Fault.BLOCK_OUT_OF_BLOB,
            12),
        arguments("strings too long", sound().header(32, 3).build(), Fault.BLOCK_OUT_OF_BLOB, 12),
        arguments(
            "reservations behind the end",
            sound().header(16, 1 << 20).build(),
            Fault.BLOCK_OUT_OF_BLOB,
            16),
        arguments(
            "structure misaligned",
            sound().header(8, STRUCT + 2).header(36, 40).build(),
            Fault.MISALIGNED_BLOCK,
            8),
        arguments(
            "reservations misaligned", sound().header(16, 44).build(), Fault.MISALIGNED_BLOCK, 16),
        arguments(
            "reservations without end",
            sound().header(16, 64).build(),
            Fault.UNTERMINATED_RESERVATIONS,
            96),
        arguments(
            "strings over the structure",
            sound().header(12, STRUCT + 4).build(),
            Fault.OVERLAPPING_BLOCKS,
            12),
        arguments(
            "structure over the reservations",
            sound().header(8, 52).build(),
            Fault.OVERLAPPING_BLOCKS,
            8),
        arguments(
            "strings over the reservations",
            sound().header(12, 54).header(32, 2).build(),
            Fault.OVERLAPPING_BLOCKS,
            12));
  }

  private static Stream<Arguments> structureFaults() {
    return Stream.of(
        arguments("no tokens", blob().build(), Fault.TRUNCATED_STRUCTURE, STRUCT),
        arguments(
            "half a token",
            blob().begin("").end().bytes("\0\0\0").build(),
            Fault.TRUNCATED_STRUCTURE,
            STRUCT + 12),
        arguments(
            "no end token", blob().begin("").end().build(), Fault.TRUNCATED_STRUCTURE, STRUCT + 12),
        arguments(
            "the block ends in a node",
            blob().begin("").build(),
            Fault.TRUNCATED_STRUCTURE,
            STRUCT + 8),
        arguments("token 0", blob().word(0).build(), Fault.BAD_TOKEN, STRUCT),
        arguments(
            "token 5 in a node", blob().begin("").word(5).build(), Fault.BAD_TOKEN, STRUCT + 8),
        arguments(
            "token -1 behind the root",
            blob().begin("").end().word(-1).build(),
            Fault.BAD_TOKEN,
            STRUCT + 12),
        arguments("no root", blob().word(NOP).word(END).build(), Fault.NO_ROOT, STRUCT + 4),
        arguments(
            "two roots",
            blob().begin("").end().begin("").end().word(END).build(),
            Fault.SECOND_ROOT,
            STRUCT + 12),
        arguments(
            "a root with a name",
            blob().begin("r").end().word(END).build(),
            Fault.NAMED_ROOT,
            STRUCT + 4),
        arguments(
            "a root name without end",
            blob().word(1).bytes("root").build(),
            Fault.UNTERMINATED_NODE_NAME,
            STRUCT + 4),
        arguments(
            "a node name without end",
            blob().begin("").word(1).bytes("node").build(),
            Fault.UNTERMINATED_NODE_NAME,
            STRUCT + 12),
        arguments(
            "a node name without its padding",
            blob().begin("").word(1).bytes("node\0").build(),
            Fault.UNTERMINATED_NODE_NAME,
            STRUCT + 12),
        arguments(
            "a root that does not end",
            blob().begin("").word(END).build(),
            Fault.UNCLOSED_NODE,
            STRUCT + 8),
        arguments(
            "a child that does not end",
            blob().begin("").begin("n").end().word(END).build(),
            Fault.UNCLOSED_NODE,
            STRUCT + 20),
        arguments("an end first", blob().end().build(), Fault.STRAY_END_NODE, STRUCT),
        arguments(
            "one end too many",
            blob().begin("").end().end().word(END).build(),
            Fault.STRAY_END_NODE,
            STRUCT + 12),
        arguments(
            "a property first",
            blob().property("x").word(END).build(),
            Fault.PROPERTY_OUTSIDE_NODE,
            STRUCT),
        arguments(
            "a property last",
            blob().begin("").end().property("x").word(END).build(),
            Fault.PROPERTY_OUTSIDE_NODE,
            STRUCT + 12),
        arguments(
            "a property after a subnode",
            blob().begin("").begin("n").end().property("x").end().word(END).build(),
            Fault.PROPERTY_AFTER_SUBNODE,
            STRUCT + 20),
        arguments(
            "half a property head",
            blob().begin("").word(3).word(0).build(),
            Fault.TRUNCATED_PROPERTY,
            STRUCT + 12),
        arguments(
            "a value over the end",
            blob().begin("").word(3).word(5).word(0).word(7).strings("x\0").build(),
            Fault.TRUNCATED_PROPERTY,
            STRUCT + 12),
        arguments(
            "a value of 2^32-1 bytes",
            blob().begin("").word(3).word(-1).word(0).word(7).strings("x\0").build(),
            Fault.TRUNCATED_PROPERTY,
            STRUCT + 12),
        arguments(
            "a name at the end of the strings",
            blob().begin("").word(3).word(0).word(2).strings("x\0").build(),
            Fault.BAD_NAME_OFFSET,
            STRUCT + 16),
        arguments(
            "a name at -1",
            blob().begin("").word(3).word(0).word(-1).strings("x\0").build(),
            Fault.BAD_NAME_OFFSET,
            STRUCT + 16),
        arguments(
            "a property name without end",
            blob().begin("").word(3).word(0).word(2).strings("x\0yz").build(),
            Fault.UNTERMINATED_PROPERTY_NAME,
            STRUCT + 16));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void eachFaultIsNamedWithItsPlace(String name, byte[] blob, Fault fault, int offset) {
    FdtException refusal = catchThrowableOfType(FdtException.class, () -> FdtReader.read(blob));

    assertThat(refusal).as(name).isNotNull();
    assertThat(refusal.fault()).as(refusal.getMessage()).isEqualTo(fault);
    assertThat(refusal.offset()).as(refusal.getMessage()).isEqualTo(offset);
    assertThat(refusal).hasMessageStartingWith(String.format("Byte 0x%x: ", offset));
  }

  @Test
  void everyFaultOfReadingHasARow() {
    Set<Fault> tested = faults().map(row -> (Fault) row.get()[2]).collect(Collectors.toSet());
    Set<Fault> elsewhere =
        EnumSet.of(Fault.OVER_LIMIT, Fault.NO_SPACE, Fault.UNWRITABLE_NAME, Fault.TOO_LARGE);

    assertThat(tested).isEqualTo(EnumSet.complementOf(EnumSet.copyOf(elsewhere)));
  }

  @Test
  void soundBlobsAreRead() {
    DeviceTree tree = FdtReader.read(sound().build());

    assertThat(tree.root().u32("x")).hasValue(7);
    assertThat(tree.find("/n")).isPresent();
  }

  @Test
  void nopsBytesBehindAndOddPlacesAreTolerated() {
    byte[] blob =
        blob()
            .word(NOP)
            .begin("")
            .word(NOP)
            .property("x", 1)
            .word(NOP)
            .begin("n")
            .word(NOP)
            .end()
            .word(NOP)
            .end()
            .word(NOP)
            .word(END)
            .word(0xdead)
            .build();
    byte[] longer = Arrays.copyOf(blob, blob.length + 100);

    assertThat(FdtReader.read(longer).root().u32("x")).hasValue(1);
  }

  @Test
  void version16HasNoStructureSizeAndLaterVersionsMayStand() {
    assertThat(FdtReader.read(sound().header(20, 16).header(36, -1).build()).root().u32("x"))
        .hasValue(7);
    assertThat(FdtReader.read(sound().header(20, 99).header(24, 17).build()).root().u32("x"))
        .hasValue(7);
  }

  @Test
  void duplicatesAndOddNamesAreKept() {
    byte[] blob =
        blob()
            .begin("")
            .property("\u00fc", 1)
            .property("\u00fc", 2)
            .property("", 3)
            .begin("a/b")
            .end()
            .begin("a/b")
            .end()
            .end()
            .word(END)
            .build();
    DeviceTree tree = FdtReader.read(blob);

    assertThat(tree.root().properties())
        .extracting(p -> p.name() + p.cell(0))
        .containsExactly("\u00fc1", "\u00fc2", "3");
    assertThat(tree.root().children()).hasSize(2);
    assertThat(FdtReader.read(FdtWriter.bytes(tree)).root().properties())
        .isEqualTo(tree.root().properties());
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] blob = GoldenTrees.blob("a-1gpu-2links");
    int end = FdtHeader.read(MemorySegment.ofArray(blob)).totalSize();
    for (int size = 0; size < end; size++) {
      byte[] cut = Arrays.copyOf(blob, size);
      assertThat(catchThrowableOfType(FdtException.class, () -> FdtReader.read(cut)))
          .as("%d bytes", size)
          .isNotNull();
    }
  }

  @Test
  void truncationThatTheHeaderAdmitsIsNeverWorseThanRefused() throws IOException {
    byte[] blob = GoldenTrees.blob("f-npu-only");
    for (int size = 40; size < blob.length; size++) {
      byte[] cut = Arrays.copyOf(blob, size);
      cut[4] = (byte) (size >> 24);
      cut[5] = (byte) (size >> 16);
      cut[6] = (byte) (size >> 8);
      cut[7] = (byte) size;
      readOrRefuse(cut, size);
    }
  }

  @Test
  void everyCorruptedByteIsReadOrRefused() throws IOException {
    byte[] blob = GoldenTrees.blob("f-npu-only");
    for (int i = 0; i < blob.length; i++) {
      byte sound = blob[i];
      for (int change : new int[] {0xff, 0x01, 0x80}) {
        blob[i] = (byte) (sound ^ change);
        readOrRefuse(blob, i);
      }
      blob[i] = 0;
      readOrRefuse(blob, i);
      blob[i] = sound;
    }
  }

  private static void readOrRefuse(byte[] blob, int where) {
    try {
      DeviceTree again = FdtReader.read(FdtWriter.bytes(FdtReader.read(blob)));
      assertThat(again.root()).isNotNull();
    } catch (FdtException e) {
      assertThat(e.offset()).as("byte %d: %s", where, e).isBetween(0L, (long) blob.length);
    } catch (RuntimeException e) {
      throw new AssertionError("Byte " + where, e);
    }
  }
}
