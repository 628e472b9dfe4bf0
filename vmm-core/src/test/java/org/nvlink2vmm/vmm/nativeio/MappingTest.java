package org.nvlink2vmm.vmm.nativeio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappingTest {
  @Test
  void aDescriptorClosesOnce() {
    int before = OwnedFd.live();
    OwnedFd fd = Libc.memfd("once", 4096);
    assertThat(OwnedFd.live()).isEqualTo(before + 1);
    fd.close();
    fd.close();
    assertThat(OwnedFd.live()).isEqualTo(before);
    assertThat(fd.isOpen()).isFalse();
    assertThatThrownBy(fd::number).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> new OwnedFd(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aDuplicateOutlivesTheOriginal() {
    OwnedFd fd = Libc.memfd("file", 12345);
    try (OwnedFd twin = fd.duplicate()) {
      fd.close();
      assertThat(Libc.fileSize(twin)).isEqualTo(12345);
    }
  }

  @Test
  void aMappingUnmapsOnceAndThenRefusesAccess() {
    int before = Mapping.live();
    Mapping mapping = Mapping.anonymous(8192);
    MemorySegment segment = mapping.segment();
    segment.set(ValueLayout.JAVA_LONG, 8184, -1);
    assertThat(Mapping.live()).isEqualTo(before + 1);
    mapping.close();
    mapping.close();
    assertThat(Mapping.live()).isEqualTo(before);
    assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_LONG, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFileIsNotMappedPastItsEnd() {
    try (OwnedFd fd = Libc.memfd("small", 8192)) {
      Mapping.shared(fd, 4096, 4096, Mapping.Protection.READ_WRITE).close();
      for (long[] bad : new long[][] {{4096, 4097}, {8192, 1}, {0, 0}, {0, -1}, {-4096, 4096}}) {
        assertThatThrownBy(() -> Mapping.shared(fd, bad[0], bad[1], Mapping.Protection.READ_WRITE))
            .as("%d at %d", bad[1], bad[0])
            .isInstanceOfSatisfying(
                NativeException.class, e -> assertThat(e.errno()).isEqualTo(Libc.EINVAL));
      }
      assertThatThrownBy(
              () -> Mapping.shared(fd, Long.MAX_VALUE, 4096, Mapping.Protection.READ_WRITE))
          .hasMessage(
              "mmap: 0x1000 bytes at 0x7fffffffffffffff of a file of 0x2000 bytes:"
                  + " Invalid argument (errno 22)");
    }
  }

  @Test
  void readOnlyPagesRefuseWritesInsteadOfFaulting() {
    try (OwnedFd fd = Libc.memfd("small", 4096);
        Mapping mapping = Mapping.shared(fd, 0, 4096, Mapping.Protection.READ_ONLY)) {
      assertThatThrownBy(() -> mapping.segment().set(ValueLayout.JAVA_INT, 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void zeroDropsWhatWasWrittenInBothKinds() {
    try (OwnedFd fd = Libc.memfd("file", 8192);
        Mapping file = Mapping.shared(fd, 0, 8192, Mapping.Protection.READ_WRITE);
        Mapping memory = Mapping.anonymous(8192)) {
      for (Mapping mapping : new Mapping[] {file, memory}) {
        mapping.segment().fill((byte) 7);
        mapping.zero();
        assertThat(mapping.segment().mismatch(MemorySegment.ofArray(new byte[8192]))).isEqualTo(-1);
      }
    }
  }

  @Test
  void aSizeThatNoMachineHasIsAnErrorWithItsNumbers() {
    assertThatThrownBy(() -> Mapping.anonymous(1L << 62))
        .isInstanceOf(NativeException.class)
        .hasMessage("mmap: memory of 0x4000000000000000 bytes: Cannot allocate memory (errno 12)");
  }

  @Test
  void readAndWriteMoveBytes() {
    try (OwnedFd fd = Libc.memfd("file", 100);
        Mapping memory = Mapping.anonymous(4096)) {
      assertThat(Libc.write(fd, memory.segment().asSlice(0, 100))).isEqualTo(100);
      assertThat(Libc.fileSize(fd)).isEqualTo(100);
      assertThat(Libc.read(fd, memory.segment())).isZero();
    }
  }

  @Test
  void aFileThatShrinksFailsTheReaderAndNotTheProcess(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("shrinks");
    try (FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[1]), (1 << 20) - 1);
      try (OwnedFd fd = new OwnedFd(Libc.duplicate(descriptorOf(path)));
          Mapping mapping = Mapping.shared(fd, 0, 1 << 20, Mapping.Protection.READ_WRITE)) {
        file.truncate(4096);
        assertThatThrownBy(
                () -> {
                  for (int i = 0; i < 1_000_000; i++) {
                    mapping.segment().get(ValueLayout.JAVA_LONG, 1 << 16);
                  }
                })
            .isInstanceOf(InternalError.class);
        assertThat(mapping.segment().get(ValueLayout.JAVA_LONG, 4088)).isZero();
      }
    }
  }

  /** The number under which this process has a file open. */
  private static int descriptorOf(Path path) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors
          .filter(each -> leadsTo(each, path))
          .mapToInt(each -> Integer.parseInt(each.getFileName().toString()))
          .findFirst()
          .orElseThrow();
    }
  }

  private static boolean leadsTo(Path link, Path path) {
    try {
      return Files.isSameFile(link, path);
    } catch (IOException _) {
      return false;
    }
  }

  @Test
  void aMemoryFileThatIsSealedKeepsItsSize() throws IOException {
    try (OwnedFd fd = Libc.memfd("sealed", 1 << 20);
        FileChannel file =
            FileChannel.open(Path.of("/proc/self/fd/" + fd.number()), StandardOpenOption.WRITE)) {
      Libc.sealSize(fd);
      assertThatThrownBy(() -> file.truncate(4096)).isInstanceOf(IOException.class);
      assertThat(Libc.fileSize(fd)).isEqualTo(1 << 20);
    }
  }
}
