package org.nvlink2vmm.vmm.nativeio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketMessageTest {
  private final int fdsBefore = OwnedFd.live();
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment buffer = arena.allocate(256);
  private final SocketMessage out = new SocketMessage(8);
  private final SocketMessage in = new SocketMessage(8);
  private OwnedFd left;
  private OwnedFd right;

  @BeforeEach
  void connect() {
    List<OwnedFd> pair = UnixSocket.socketPair();
    left = pair.getFirst();
    right = pair.getLast();
  }

  @AfterEach
  void close() {
    in.closeDescriptors();
    left.close();
    right.close();
    arena.close();
    assertThat(OwnedFd.live()).isEqualTo(fdsBefore);
  }

  private MemorySegment bytes(String text) {
    return arena.allocateFrom(ValueLayout.JAVA_BYTE, text.getBytes(US_ASCII));
  }

  private String text(long length) {
    return new String(buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), US_ASCII);
  }

  @Test
  void moreRoomTakesMoreBytesAtOnce() {
    MemorySegment large = arena.allocate(1 << 20);
    long before = out.send(left, large, List.of());

    assertThat(UnixSocket.sendBuffer(right, 1 << 20)).isZero();

    assertThat(in.send(right, large, List.of())).isGreaterThan(before);
  }

  @Test
  void bytesAndDescriptorsArriveTogether() {
    try (OwnedFd file = Libc.memfd("sent", 8L << 30);
        EventFd event = EventFd.create()) {
      assertThat(out.send(left, bytes("0123456789"), List.of(file, event.fd()))).isEqualTo(10);
      assertThat(in.receive(right, buffer)).isEqualTo(10);
      assertThat(text(10)).isEqualTo("0123456789");
      assertThat(in.descriptorsTruncated()).isFalse();
      List<OwnedFd> got = in.takeDescriptors();
      assertThat(got).hasSize(2);
      try (OwnedFd gotFile = got.getFirst();
          EventFd gotEvent = new EventFd(got.getLast());
          Mapping here = Mapping.shared(file, 0, 8L << 30, Mapping.Protection.READ_WRITE);
          Mapping there = Mapping.shared(gotFile, 4096, 4096, Mapping.Protection.READ_ONLY)) {
        here.segment().set(ValueLayout.JAVA_INT, 4096, 42);
        assertThat(there.segment().get(ValueLayout.JAVA_INT, 0)).isEqualTo(42);
        gotEvent.signal();
        gotEvent.signal();
        assertThat(event.take()).isEqualTo(2);
        assertThat(event.take()).isZero();
      }
    }
  }

  @Test
  void aReceiveStopsAfterTheSendThatCarriedDescriptors() {
    try (EventFd event = EventFd.create()) {
      out.send(left, bytes("abcd"), List.of());
      out.send(left, bytes("0123456789"), List.of(event.fd(), event.fd()));
      out.send(left, bytes("xyz"), List.of());
      assertThat(in.receive(right, buffer)).isEqualTo(14);
      List<OwnedFd> got = in.takeDescriptors();
      assertThat(got).hasSize(2);
      got.forEach(OwnedFd::close);
      assertThat(in.receive(right, buffer)).isEqualTo(3);
      assertThat(in.takeDescriptors()).isEmpty();
    }
  }

  @Test
  void descriptorsThatDoNotFitAreReportedAndNoneLeaks() {
    SocketMessage narrow = new SocketMessage(2);
    try (EventFd event = EventFd.create()) {
      out.send(left, bytes("x"), Collections.nCopies(5, event.fd()));
      assertThat(narrow.receive(right, buffer)).isEqualTo(1);
      assertThat(narrow.descriptorsTruncated()).isTrue();
      narrow.closeDescriptors();
      assertThat(narrow.descriptorsTruncated()).isFalse();
    }
  }

  @Test
  void descriptorsThatNobodyTookAreClosedByTheNextReceive() {
    try (EventFd event = EventFd.create()) {
      out.send(left, bytes("x"), List.of(event.fd()));
      in.receive(right, buffer);
      assertThat(OwnedFd.live()).isEqualTo(fdsBefore + 4);
      assertThat(in.receive(right, buffer)).isEqualTo(-Libc.EAGAIN);
      assertThat(OwnedFd.live()).isEqualTo(fdsBefore + 3);
    }
  }

  @Test
  void aFullSocketAnswersEagainAndAClosedPeerEndsTheStream() {
    MemorySegment page = arena.allocate(4096);
    long sent;
    do {
      sent = out.send(left, page, List.of());
    } while (sent > 0);
    assertThat(sent).isEqualTo(-Libc.EAGAIN);
    right.close();
    assertThat(out.send(left, page, List.of())).isEqualTo(-Libc.EPIPE);
  }

  @Test
  void theReceiverSeesTheEndWhenThePeerShutsDown() {
    assertThat(UnixSocket.shutdown(left)).isZero();
    assertThat(in.receive(right, buffer)).isZero();
  }

  @Test
  void moreDescriptorsThanAllowedAreNotSent() {
    List<OwnedFd> nine = Collections.nCopies(9, left);
    MemorySegment one = bytes("x");
    assertThatThrownBy(() -> out.send(left, one, nine))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("9 descriptors, at most 8");
  }

  @Test
  void aListenerAcceptsConnectionsByPath(@TempDir Path directory) throws Exception {
    Path path = directory.resolve("socket");
    try (OwnedFd listener = UnixSocket.listen(path, 4)) {
      assertThat(UnixSocket.accept(listener)).isEmpty();
      try (OwnedFd client = UnixSocket.connect(path)) {
        Optional<OwnedFd> server = UnixSocket.accept(listener);
        assertThat(server).isPresent();
        out.send(client, bytes("hello"), List.of());
        assertThat(in.receive(server.get(), buffer)).isEqualTo(5);
        server.get().close();
      }
      assertThatThrownBy(() -> UnixSocket.listen(path, 4))
          .isInstanceOf(NativeException.class)
          .hasMessage("bind: " + path + ": Address already in use (errno 98)");
    }
    Files.delete(path);
    assertThatThrownBy(() -> UnixSocket.connect(path))
        .isInstanceOf(NativeException.class)
        .hasMessage("connect: " + path + ": No such file or directory (errno 2)");
  }

  @Test
  void aPathThatIsTooLongForASocketIsNamed() {
    Path path = Path.of("/" + "x".repeat(UnixSocket.MAX_SOCKET_PATH));
    assertThatThrownBy(() -> UnixSocket.listen(path, 1))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("has 108 bytes of at most 107");
  }

  @Test
  void pollReportsWhatIsReady() {
    PollSet set = new PollSet();
    try (EventFd event = EventFd.create()) {
      set.set(0, event.fd(), PollSet.IN);
      set.set(1, right, PollSet.IN | PollSet.OUT);
      assertThat(set.poll(0)).isEqualTo(1);
      assertThat(set.ready(0)).isZero();
      assertThat(set.ready(1)).isEqualTo(PollSet.OUT);
      event.signal();
      out.send(left, bytes("x"), List.of());
      assertThat(set.poll(-1)).isEqualTo(2);
      assertThat(set.ready(0)).isEqualTo(PollSet.IN);
      assertThat(set.ready(1)).isEqualTo(PollSet.IN | PollSet.OUT);
      set.clear(1);
      assertThat(set.poll(-1)).isEqualTo(1);
      assertThat(set.ready(1)).isZero();
    }
  }

  @Test
  void aPollSetGrowsSlotBySlot() {
    PollSet set = new PollSet();
    for (int slot = 0; slot < 40; slot++) {
      set.set(slot, right, PollSet.OUT);
    }
    assertThat(set.slots()).isEqualTo(40);
    assertThat(set.poll(0)).isEqualTo(40);
    assertThatThrownBy(() -> set.set(41, right, PollSet.IN))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
