package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/** DEVICE_SET_IRQS: what is refused, and where interrupts arrive. */
class SetIrqsIT extends ServerFixture {
  private static final int SET = 8;
  private static final int NONE = 1;
  private static final int BOOL = 2;
  private static final int EVENTFD = 4;
  private static final int MASK = 8;
  private static final int UNMASK = 16;
  private static final int TRIGGER = 32;
  private static final int INTX = 0;
  private static final int MSI = 1;
  private static final int MSIX = 2;
  private static final int ERR = 3;
  private static final int REQ = 4;

  private EventFd first;
  private EventFd second;

  @BeforeEach
  void eventFds() {
    first = EventFd.createShared();
    second = EventFd.createShared();
  }

  @AfterEach
  void closeEventFds() {
    first.close();
    second.close();
  }

  private static byte[] request(
      int argsz, int flags, int index, int start, int count, int... data) {
    RawClient.Bytes payload = RawClient.bytes(20 + data.length);
    payload.u32(argsz).u32(flags).u32(index).u32(start).u32(count);
    for (int b : data) {
      payload.put((byte) b);
    }
    return payload.array();
  }

  private int set(int flags, int index, int start, int count, int... data) {
    return client.errno(SET, request(20 + data.length, flags, index, start, count, data));
  }

  private int assign(int index, int start, EventFd... fds) {
    OwnedFd[] descriptors = Stream.of(fds).map(EventFd::fd).toArray(OwnedFd[]::new);
    byte[] request = request(20, EVENTFD | TRIGGER, index, start, fds.length);
    return client.errno(SET, request, descriptors);
  }

  @ParameterizedTest
  @CsvSource({
    "3, 0x21, 2, 0, 1", // argsz below the structure
    "19, 0x21, 2, 0, 1",
    "20, 0x21, 5, 0, 1", // no such index
    "20, 0x21, -1, 0, 1",
    "20, 0x19, 2, 0, 1", // mask and unmask
    "20, 0x29, 2, 0, 1",
    "20, 0x1, 2, 0, 1", // no action
    "20, 0x20, 2, 0, 1", // no data kind
    "20, 0x23, 2, 0, 1", // two data kinds
    "20, 0x25, 2, 0, 1",
    "20, 0x61, 2, 0, 1", // unknown flag
    "20, 0x21, 2, 2047, 2", // past the last vector
    "20, 0x21, 2, 2049, 1",
    "20, 0x21, 2, 2048, 1",
    "20, 0x21, 2, 284, -1",
    "20, 0x9, 3, 0, 1", // ERR and REQ cannot be masked
    "20, 0x11, 4, 0, 1",
    "20, 0x21, 3, 0, 2",
    "20, 0x21, 4, 0, 2",
    "20, 0x9, 2, 1, 0", // count 0 means disable, and nothing else
    "20, 0x9, 2, 0, 0",
    "20, 0x22, 2, 0, 0",
    "20, 0x24, 2, 0, 0",
    "20, 0x21, 2, 1, 0",
    "20, 0x21, 0, 0, 2",
    "20, 0x22, 1, 0, 2" // bool without its bytes
  })
  void aWrongRequestIsRefused(int argsz, String flags, int index, int start, int count) {
    byte[] request = request(argsz, Integer.decode(flags), index, start, count);

    assertThat(client.errno(SET, request)).isEqualTo(EINVAL);
  }

  @ParameterizedTest
  @CsvSource({"1", "3"})
  void boolsThatAreNotOneForEachVectorAreRefused(int bytes) {
    assertThat(set(BOOL | TRIGGER, MSI, 0, 2, new int[bytes])).isEqualTo(EINVAL);
  }

  static Stream<byte[]> requestsThatTakeNoDescriptor() {
    return Stream.of(
        request(20, BOOL | TRIGGER, MSI, 0, 1, 1),
        request(20, NONE | TRIGGER, MSI, 0, 1),
        request(20, NONE | TRIGGER, MSI, 0, 0),
        request(20, EVENTFD | TRIGGER, MSI, 0, 2),
        request(20, EVENTFD | TRIGGER, MSI, 0, 3));
  }

  @ParameterizedTest
  @MethodSource("requestsThatTakeNoDescriptor")
  void descriptorsThatDoNotFitTheRequestAreRefused(byte[] request) {
    assertThat(client.errno(SET, request, first.fd())).isEqualTo(EINVAL);
  }

  @Test
  void aDescriptorThatIsNoEventFdIsRefused() {
    try (OwnedFd file = Libc.memfd("no eventfd", 4096)) {
      assertThat(client.errno(SET, request(20, EVENTFD | TRIGGER, MSI, 0, 1), file))
          .isEqualTo(EINVAL);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "1, 7", "2, 2047", "3, 0", "4, 0"})
  void aDevicesInterruptArrivesAtItsEventFd(int index, int vector) {
    assertThat(assign(index, vector, first)).isZero();

    device.sink.trigger(index, vector);

    assertThat(first.take()).isEqualTo(1);
  }

  @Test
  void anInterruptWithoutEventFdOrOfNoSuchVectorIsLost() {
    device.sink.trigger(MSI, 3);
    device.sink.trigger(MSI, 8);
    device.sink.trigger(MSI, -1);
    device.sink.trigger(9, 0);
    device.sink.trigger(-1, 0);
  }

  @Test
  void aSecondEventFdReplacesTheFirst() {
    assign(MSI, 0, first);
    assertThat(assign(MSI, 0, second)).isZero();

    device.sink.trigger(MSI, 0);

    assertThat(first.take()).isZero();
    assertThat(second.take()).isEqualTo(1);
  }

  @Test
  void oneVectorAmongManyIsTakenAway() {
    assign(MSI, 0, first, second);

    assertThat(set(EVENTFD | TRIGGER, MSI, 1, 1)).isZero();
    device.sink.trigger(MSI, 0);
    device.sink.trigger(MSI, 1);

    assertThat(first.take()).isEqualTo(1);
    assertThat(second.take()).isZero();
  }

  @Test
  void aWholeIndexIsDisabled() {
    assign(MSIX, 8, first, second);

    assertThat(set(NONE | TRIGGER, MSIX, 0, 0)).isZero();
    device.sink.trigger(MSIX, 8);
    device.sink.trigger(MSIX, 9);

    assertThat(first.take()).isZero();
    assertThat(second.take()).isZero();
  }

  @Test
  void aClientFiresByItself() {
    assign(MSI, 0, first, second);

    assertThat(set(NONE | TRIGGER, MSI, 1, 1)).isZero();
    assertThat(set(BOOL | TRIGGER, MSI, 0, 2, 0, 1)).isZero();

    assertThat(first.take()).isZero();
    assertThat(second.take()).isEqualTo(2);
  }

  @Test
  void aMaskedVectorFiresWhenItIsUnmasked() {
    assign(MSI, 0, first, second);

    assertThat(set(BOOL | MASK, MSI, 0, 2, 1, 0)).isZero();
    device.sink.trigger(MSI, 0);
    device.sink.trigger(MSI, 1);
    assertThat(first.take()).isZero();
    assertThat(second.take()).isEqualTo(1);

    assertThat(set(NONE | UNMASK, MSI, 0, 1)).isZero();
    assertThat(first.take()).isEqualTo(1);
  }

  @Test
  void intxIsMaskedByTheDevice() {
    assign(INTX, 0, first);

    assertThat(set(NONE | MASK, INTX, 0, 1)).isZero();
    assertThat(set(NONE | UNMASK, INTX, 0, 1)).isZero();

    assertThat(device.events).containsExactly("mask", "unmask");
  }

  private int unmaskBy(EventFd... fds) {
    OwnedFd[] descriptors = java.util.Arrays.stream(fds).map(EventFd::fd).toArray(OwnedFd[]::new);
    RawClient.Reply reply =
        client.call(SET, request(20, EVENTFD | UNMASK, INTX, 0, 1), descriptors);
    return reply.errno();
  }

  private void awaitEvents(String... events) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (device.events.size() < events.length && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(device.events).containsExactly(events);
  }

  @Test
  void intxIsUnmaskedByAnEventFd() {
    assertThat(unmaskBy(second)).isZero();
    second.signal();
    awaitEvents("unmask");
    second.signal();
    awaitEvents("unmask", "unmask");

    assertThat(unmaskBy(first)).as("there is one").isEqualTo(16);
    assertThat(unmaskBy()).isZero();
    second.signal();
    assertThat(client.errno(13, new byte[0])).isZero();
    assertThat(second.take()).as("nobody listens").isEqualTo(1);
    assertThat(device.events).filteredOn("unmask"::equals).hasSize(2);
  }

  @Test
  void whatWasSignalledBeforeItWasAssignedUnmasks() {
    first.signal();

    assertThat(unmaskBy(first)).isZero();

    awaitEvents("unmask");
    assertThat(set(NONE | TRIGGER, INTX, 0, 0)).isZero();
    assertThat(unmaskBy(second)).as("taken away with the index").isZero();
  }

  @ParameterizedTest
  @CsvSource({"8, 0", "8, 1", "16, 1", "16, 2"})
  void otherMaskingByEventFdIsNotAThingAsInTheKernel(int action, int index) {
    RawClient.Reply reply =
        client.call(SET, request(20, EVENTFD | action, index, 0, 1), first.fd());

    assertThat(reply.errno()).isEqualTo(25);
  }

  @Test
  void aFullCounterHoldsNobodyUp() {
    assign(MSI, 0, first);
    MemorySegment most = Arena.ofAuto().allocate(8, 8);
    most.set(ValueLayout.JAVA_LONG, 0, -2);
    Libc.write(first.fd(), most);
    Libc.blocking(first.fd(), true);

    device.sink.trigger(MSI, 0);
    assertThat(set(NONE | TRIGGER, MSI, 0, 1)).isZero();

    assertThat(first.take()).isEqualTo(-2);
    device.sink.trigger(MSI, 0);
    assertThat(first.take()).isEqualTo(1);
    assertThat(first.take()).as("an empty one neither").isZero();
  }

  @Test
  void errAndReqAreTakenWithOneVectorEach() {
    assertThat(assign(ERR, 0, first)).isZero();
    assertThat(assign(REQ, 0, second)).isZero();
  }
}
