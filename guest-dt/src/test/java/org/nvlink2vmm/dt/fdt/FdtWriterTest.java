package org.nvlink2vmm.dt.fdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.RandomTrees;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

class FdtWriterTest {
  @Test
  void theSmallestTreeIsAHeaderAnEmptyEntryAndThreeTokens() {
    byte[] blob = FdtWriter.bytes(new DeviceTree());
    FdtHeader header = FdtHeader.read(MemorySegment.ofArray(blob));

    assertThat(blob).hasSize(40 + 16 + 16);
    assertThat(header).isEqualTo(new FdtHeader(72, 56, 72, 40, 17, 16, 0, 0, 16));
  }

  @Test
  void bootCpuAndReservationsComeBack() {
    DeviceTree tree = new DeviceTree();
    tree.setBootCpu(0x80000008);
    tree.reservations().add(new Reservation(-1, 1));
    tree.reservations().add(new Reservation(0, 1L << 40));
    DeviceTree again = FdtReader.read(FdtWriter.bytes(tree));

    assertThat(again.bootCpu()).isEqualTo(0x80000008);
    assertThat(again.reservations()).isEqualTo(tree.reservations());
  }

  @Test
  void paddingIsZeroWhateverWasThere() {
    DeviceTree tree = RandomTrees.tree(3, 40);
    byte[] expected = FdtWriter.bytes(tree);
    byte[] target = new byte[expected.length + 5];
    Arrays.fill(target, (byte) 0xa5);

    assertThat(FdtWriter.write(tree, MemorySegment.ofArray(target))).isEqualTo(expected.length);
    assertThat(Arrays.copyOf(target, expected.length)).isEqualTo(expected);
    assertThat(Arrays.copyOfRange(target, expected.length, target.length)).containsOnly(0xa5);
  }

  @Test
  void aTargetThatIsTooSmallIsRefusedAtEverySize() {
    DeviceTree tree = RandomTrees.tree(4, 12);
    int size = (int) FdtWriter.size(tree);
    for (int room = 0; room < size; room++) {
      MemorySegment target = MemorySegment.ofArray(new byte[room]);
      FdtException refusal =
          catchThrowableOfType(FdtException.class, () -> FdtWriter.write(tree, target));
      assertThat(refusal.fault()).isEqualTo(Fault.NO_SPACE);
      assertThat(refusal.offset()).isEqualTo(room);
    }
  }

  @Test
  void namesThatNoReaderWouldGiveBackAreRefused() {
    for (String name : new String[] {"a\0b", "\u0100"}) {
      DeviceTree node = new DeviceTree();
      node.root().addChild("ok").addChild(name);
      DeviceTree property = new DeviceTree();
      property.root().addChild("ok").setEmpty(name);

      for (DeviceTree tree : new DeviceTree[] {node, property}) {
        MemorySegment target = MemorySegment.ofArray(new byte[1000]);
        FdtException inOnePass =
            catchThrowableOfType(FdtException.class, () -> FdtWriter.write(tree, target));
        FdtException measured =
            catchThrowableOfType(FdtException.class, () -> FdtWriter.size(tree));
        assertThat(inOnePass.fault()).isEqualTo(Fault.UNWRITABLE_NAME);
        assertThat(inOnePass).hasMessageContaining("at /ok");
        assertThat(measured).hasMessage(inOnePass.getMessage());
      }
    }
  }

  @Test
  void moreThanTwoGibibytesAreRefused() {
    DeviceTree tree = new DeviceTree();
    Property large = Property.ofBytes("x", new byte[1 << 20]);
    for (int i = 0; i < 2048; i++) {
      tree.root().append(large);
    }
    FdtException refusal = catchThrowableOfType(FdtException.class, () -> FdtWriter.bytes(tree));
    assertThat(refusal.fault()).isEqualTo(Fault.TOO_LARGE);
  }

  @Test
  void longNamesAreStoredOnceEach() {
    DeviceTree tree = new DeviceTree();
    String tail = "x".repeat(300);
    for (int i = 0; i < 50; i++) {
      tree.root().setEmpty("p" + i + tail).addChild("n").setEmpty("p" + i + tail);
    }
    byte[] blob = FdtWriter.bytes(tree);
    assertThat(FdtHeader.read(MemorySegment.ofArray(blob)).stringsSize())
        .isEqualTo(10 * 303 + 40 * 304 - 10 - 40 + 50);
    assertThat(FdtReader.read(blob).root().properties()).isEqualTo(tree.root().properties());
  }

  @Test
  void limitsHold() {
    DeviceTree tree = new DeviceTree();
    tree.reservations().add(new Reservation(1, 1));
    tree.reservations().add(new Reservation(1, 1));
    tree.root().addChild("n").addChild("m").setU32("abc", 1).setU32("def", 2);
    byte[] blob = FdtWriter.bytes(tree);

    FdtLimits enough = new FdtLimits(blob.length, 3, 3, 2, 2, 16);
    assertThat(FdtReader.read(blob, enough).root().children()).hasSize(1);
    refuses(blob, new FdtLimits(blob.length - 1, 3, 3, 2, 2, 16), "Total size is");
    refuses(blob, enough.withDepth(2), "The depth exceeds the limit of 2");
    refuses(blob, new FdtLimits(blob.length, 3, 2, 2, 2, 16), "number of nodes exceeds the limit");
    refuses(blob, new FdtLimits(blob.length, 3, 3, 1, 2, 16), "number of properties exceeds");
    refuses(blob, new FdtLimits(blob.length, 3, 3, 2, 1, 16), "number of reservations exceeds");
    refuses(blob, new FdtLimits(blob.length, 3, 3, 2, 2, 15), "number of bytes of names and val");
  }

  @Test
  void namesThatShareOneLongEndCannotFillTheMemory() {
    int length = 1 << 16;
    RawBlob raw = new RawBlob().begin("");
    for (int i = 0; i < length; i++) {
      raw.word(3).word(0).word(i);
    }
    byte[] blob = raw.end().word(9).strings("x".repeat(length) + "\0").build();

    FdtException refusal = catchThrowableOfType(FdtException.class, () -> FdtReader.read(blob));
    assertThat(refusal.fault()).isEqualTo(Fault.OVER_LIMIT);
  }

  private static void refuses(byte[] blob, FdtLimits limits, String message) {
    FdtException refusal =
        catchThrowableOfType(FdtException.class, () -> FdtReader.read(blob, limits));
    assertThat(refusal.fault()).isEqualTo(Fault.OVER_LIMIT);
    assertThat(refusal).hasMessageContaining(message);
  }

  @Test
  void aGuestThatChangesTheBlobMeanwhileGetsASnapshot() {
    byte[] blob = FdtWriter.bytes(RandomTrees.tree(5, 40));
    DeviceTree tree = FdtReader.read(MemorySegment.ofArray(blob));
    byte[] before = FdtWriter.bytes(tree);
    MemorySegment.ofArray(blob).fill((byte) -1);

    assertThat(MemorySegment.ofArray(blob).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) -1);
    assertThat(FdtWriter.bytes(tree)).isEqualTo(before);
  }
}
