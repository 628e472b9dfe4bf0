package org.nvlink2vmm.vmm.vcpu.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.TimeBase;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/** Two threads of a guest at 0x1000, in real mode, big-endian; a hypercall stops its thread. */
class GdbServerTest {
  private static final int RAM = 1 << 20;
  private static final long DEVICE = 1L << 40;
  private static final int NOP = 0x60000000;
  private static final int LI_R3_5 = 0x38600005;
  private static final int ADDI_R3_R3_1 = 0x38630001;
  private static final int STD_R3_0X2000 = 0xf8602000;
  private static final int SC_1 = 0x44000022;
  private static final int SPIN = 0x48000000;

  private final AddressSpace space = new AddressSpace("guest", 1L << 62);
  private final AtomicInteger deviceAccesses = new AtomicInteger();
  private final AtomicInteger kills = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private Partition partition;
  private GdbServer server;

  @BeforeEach
  void aGuestIsHeld() throws IOException {
    MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
    MmioHandler device =
        new MmioHandler() {
          @Override
          public long read(long offset, int size) {
            return deviceAccesses.incrementAndGet();
          }

          @Override
          public void write(long offset, int size, long value) {
            deviceAccesses.incrementAndGet();
          }
        };
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
      AccessRules rules = AccessRules.ANY_LITTLE;
      change.map(space.root(), DEVICE, new MemoryRegion.Mmio("device", 4096, rules, device));
    }
    partition = new Partition(space, RAM, TimeBase.ofHost());
    partition.add(Vcpu::stop);
    partition.add(Vcpu::stop);
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server =
        GdbServer.listen(
            anyPort,
            partition,
            ByteOrder.BIG_ENDIAN,
            () -> {
              kills.incrementAndGet();
              partition.vcpus().forEach(Vcpu::stop);
            });
  }

  @AfterEach
  void everythingEnds() throws InterruptedException {
    server.close();
    partition.vcpus().forEach(Vcpu::stop);
    for (Thread thread : threads) {
      thread.join();
    }
  }

  /** Both threads begin at 0x1000, the second with 1 in r4. */
  private void start(int... words) {
    put(0x1000, words);
    for (Vcpu vcpu : partition.vcpus()) {
      vcpu.reset(0x1000, false);
      vcpu.gpr(4, vcpu.id());
      threads.add(Thread.ofPlatform().daemon().start(vcpu::run));
    }
  }

  private void put(long gpa, int... words) {
    for (int i = 0; i < words.length; i++) {
      space.write(gpa + 4L * i, 4, words[i], ByteOrder.BIG_ENDIAN);
    }
  }

  private Debugger attach() {
    return new Debugger(server.address());
  }

  private static String pc(Debugger debugger) {
    return debugger.ask("p40");
  }

  private static String address(long ea) {
    return "%016x".formatted(ea);
  }

  @Test
  void theGuestIsHeldAtItsFirstInstruction() {
    start(LI_R3_5, SC_1);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("?")).isEqualTo("T02thread:1;");
      assertThat(pc(debugger)).isEqualTo(address(0x1000));
      assertThat(partition.vcpus()).allMatch(vcpu -> vcpu.instructions() == 0);
    }
  }

  @Test
  void whatIsSupportedIsSaidAndWhatIsNotIsAnsweredWithNothing() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("qSupported:multiprocess+;swbreak+;xmlRegisters=i386"))
          .contains("PacketSize=4000", "qXfer:features:read+", "vContSupported+", "swbreak+");
      assertThat(debugger.ask("vCont?")).isEqualTo("vCont;c;C;s;S");
      assertThat(debugger.ask("qAttached")).isEqualTo("1");
      assertThat(debugger.ask("qfThreadInfo")).isEqualTo("m1,2");
      assertThat(debugger.ask("qsThreadInfo")).isEqualTo("l");
      assertThat(debugger.ask("qC")).isEqualTo("QC1");
      assertThat(debugger.ask("T2")).isEqualTo("OK");
      assertThat(debugger.ask("T3")).isEqualTo("E01");
      assertThat(debugger.ask("qThreadExtraInfo,2")).isEqualTo("6370752031");
      for (String unknown :
          List.of("vMustReplyEmpty", "qSymbol::", "qTStatus", "!", "Z3,1000,4", "b", "x0,1", "")) {
        assertThat(debugger.ask(unknown)).as(unknown).isEmpty();
      }
    }
  }

  @Test
  void theDescriptionComesInPieces() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      StringBuilder xml = new StringBuilder();
      String piece;
      do {
        piece = debugger.ask("qXfer:features:read:target.xml:%x,100".formatted(xml.length()));
        xml.append(piece.substring(1));
      } while (piece.startsWith("m"));
      assertThat(xml.toString())
          .contains("powerpc:common64", "org.gnu.gdb.power.core", "regnum=\"69\"")
          .endsWith("</target>\n");
      assertThat(debugger.ask("qXfer:features:read:target.xml:ffffff,100")).isEqualTo("E01");
    }
  }

  @Test
  void registersAreReadAndWritten() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("P3=0123456789abcdef")).isEqualTo("OK");
      assertThat(debugger.ask("p3")).isEqualTo("0123456789abcdef");
      assertThat(partition.vcpus().getFirst().gpr(3)).isEqualTo(0x0123456789abcdefL);
      assertThat(debugger.ask("P42=12345678")).isEqualTo("OK");
      assertThat(debugger.ask("P46=00000000deadbeef")).isEqualTo("OK");
      String all = debugger.ask("g");
      assertThat(all.substring(48, 64)).isEqualTo("0123456789abcdef");
      assertThat(all).hasSize(2 * (32 * 8 + 2 * 8 + 4 + 2 * 8 + 4 + 10 * 8));
      assertThat(all).contains("0000000000001000" + "8000000000001000" + "12345678");
      assertThat(all).contains("00000000deadbeef");
      String changed = all.replace("0123456789abcdef", "fedcba9876543210");
      assertThat(debugger.ask("G" + changed)).isEqualTo("OK");
      assertThat(debugger.ask("p3")).isEqualTo("fedcba9876543210");
      assertThat(debugger.ask("g")).isEqualTo(changed);
    }
  }

  @Test
  void aThreadIsChosenForItsRegisters() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("p4")).isEqualTo(address(0));
      assertThat(debugger.ask("Hg2")).isEqualTo("OK");
      assertThat(debugger.ask("p4")).isEqualTo(address(1));
      assertThat(debugger.ask("Hg3")).isEqualTo("E01");
      assertThat(debugger.ask("Hc-1")).isEqualTo("OK");
      assertThat(debugger.ask("p4")).isEqualTo(address(1));
    }
  }

  @Test
  void memoryIsReadAndWrittenAndDevicesAreLeftAlone() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("m1000,4")).isEqualTo("48000000");
      assertThat(debugger.ask("M2ffe,4:01020304")).isEqualTo("OK");
      assertThat(debugger.ask("X3002,3:#}*")).isEqualTo("OK");
      assertThat(debugger.ask("m2ffd,8")).isEqualTo("0001020304237d2a");
      assertThat(debugger.ask("X3002,0:")).isEqualTo("OK");
      assertThat(debugger.ask("m%x,8".formatted(RAM - 2))).isEqualTo("0000");
      assertThat(debugger.ask("m%x,8".formatted(RAM))).isEqualTo("E14");
      assertThat(debugger.ask("m%x,4".formatted(DEVICE))).isEqualTo("E14");
      assertThat(debugger.ask("M%x,4:00000000".formatted(DEVICE))).isEqualTo("E14");
      assertThat(debugger.ask("M%x,4:01010101".formatted(RAM - 2))).isEqualTo("E14");
      assertThat(debugger.ask("m%x,2".formatted(RAM - 2))).isEqualTo("0000");
      assertThat(debugger.ask("m0,7fffffffffffffff")).hasSize(PacketReader.MAX_BODY - 16);
      assertThat(deviceAccesses).hasValue(0);
    }
  }

  @Test
  void whatMakesNoSenseIsAnError() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      for (String bad :
          List.of(
              "m",
              "mxyz,4",
              "m0",
              "m0,4,4",
              "m0,ffffffffffffffff",
              "m11112222333344445,1",
              "M0,4:00",
              "M0,4:0",
              "M0,4",
              "Mzz",
              "G00",
              "Gxx",
              "P3",
              "P3=00",
              "P3=zz",
              "P20=00",
              "P99999999=00",
              "p",
              "p20",
              "p-1",
              "H",
              "Hgx",
              "T",
              "Z0",
              "Z0,zz,4",
              "Z,1,1",
              "vCont;x",
              "vCont",
              "vCont;c:9",
              "cxyz",
              "qThreadExtraInfo",
              "qThreadExtraInfo,0",
              "qXfer:features:read:target.xml:",
              "X0,1:",
              "X0,2:a")) {
        assertThat(debugger.ask(bad)).as(bad).isEqualTo("E01");
      }
      assertThat(pc(debugger)).isEqualTo(address(0x1000));
    }
  }

  @Test
  void aPacketWithAWrongChecksumIsRefusedAndOneThatIsRefusedComesAgain() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      debugger.raw("$p40#00".getBytes(StandardCharsets.US_ASCII));
      assertThat(debugger.next()).isEqualTo('-');
      assertThat(pc(debugger)).isEqualTo(address(0x1000));
      debugger.raw((byte) '-');
      assertThat(debugger.answer()).isEqualTo(address(0x1000));
      assertThat(debugger.ask("QStartNoAckMode")).isEqualTo("OK");
      debugger.raw("$p40#00".getBytes(StandardCharsets.US_ASCII));
      assertThat(debugger.next()).isEqualTo('$');
    }
  }

  @Test
  void aBreakpointStopsAllThreadsAndMemoryIsNotPatched() {
    // The second thread branches to 0x1014 and stays there: cmpdi r4,0; bne 0x1014.
    start(0x2c240000, 0x4082000c + 4, NOP, LI_R3_5, SC_1, SPIN);
    try (Debugger debugger = attach()) {
      debugger.ask("qSupported:swbreak+");
      assertThat(debugger.ask("Z0,100c,4")).isEqualTo("OK");
      assertThat(debugger.ask("m100c,4")).isEqualTo("38600005");
      assertThat(debugger.ask("vCont;c")).isEqualTo("T05swbreak:;thread:1;");
      assertThat(pc(debugger)).isEqualTo(address(0x100c));
      assertThat(debugger.ask("Hg2")).isEqualTo("OK");
      long second = Long.parseLong(pc(debugger), 16);
      assertThat(second).isIn(0x1000L, 0x1004L, 0x1014L);
      assertThat(partition.vcpus().get(1).pc()).isEqualTo(second);
    }
  }

  @Test
  void aGuestGoesOnFromABreakpointAndMeetsItAgain() {
    // addi r3,r3,1; b -4.
    start(ADDI_R3_R3_1, 0x4bfffffc);
    try (Debugger debugger = attach()) {
      debugger.ask("Z1,1004,4");
      for (int round = 1; round <= 3; round++) {
        assertThat(debugger.ask("vCont;c:1")).isEqualTo("T05thread:1;");
        assertThat(debugger.ask("p3")).isEqualTo(address(round));
      }
      assertThat(debugger.ask("z1,1004,4")).isEqualTo("OK");
      debugger.send("c");
      debugger.raw((byte) 3);
      assertThat(debugger.answer()).isEqualTo("T02thread:1;");
      assertThat(Long.parseLong(debugger.ask("p3"), 16)).isGreaterThanOrEqualTo(3);
    }
  }

  @Test
  void aStepExecutesOneInstructionOfOneThread() {
    start(LI_R3_5, ADDI_R3_R3_1, SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("vCont;s:2")).isEqualTo("T05thread:2;");
      assertThat(pc(debugger)).isEqualTo(address(0x1004));
      assertThat(debugger.ask("s")).isEqualTo("T05thread:2;");
      assertThat(debugger.ask("p3")).isEqualTo(address(6));
      assertThat(debugger.ask("Hg1")).isEqualTo("OK");
      assertThat(partition.vcpus().getFirst().pc()).isGreaterThanOrEqualTo(0x1000);
    }
  }

  @Test
  void aThreadThatStartsLateIsSteppedAsWell() {
    put(0x1000, LI_R3_5, ADDI_R3_R3_1, SPIN);
    partition.vcpus().forEach(vcpu -> vcpu.reset(0x1000, false));
    threads.add(Thread.ofPlatform().daemon().start(partition.vcpus().getFirst()::run));
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("?")).isEqualTo("T02thread:1;");
      debugger.send("vCont;s:2");
      threads.add(Thread.ofPlatform().daemon().start(partition.vcpus().get(1)::run));
      assertThat(debugger.answer()).isEqualTo("T05thread:2;");
      assertThat(pc(debugger)).isEqualTo(address(0x1004));
    }
  }

  @Test
  void threadsThatAreNotNamedStay() {
    start(LI_R3_5, ADDI_R3_R3_1, SPIN);
    try (Debugger debugger = attach()) {
      for (int i = 0; i < 2; i++) {
        debugger.ask("vCont;s:2");
      }
      assertThat(partition.vcpus().getFirst().instructions()).isZero();
      assertThat(partition.vcpus().get(1).instructions()).isEqualTo(2);
    }
  }

  @Test
  void aSteppedThreadTakesNoInterrupt() {
    // mfmsr r5; ori r5,r5,0x8000; mtmsrd r5; nop; nop: with an external interrupt pending.
    start(0x7ca000a6, 0x60a58000, 0x7ca00164, NOP, NOP);
    put(0x500, SPIN);
    partition.vcpus().getFirst().external(true);
    try (Debugger debugger = attach()) {
      for (int i = 1; i <= 4; i++) {
        debugger.ask("vCont;s:1");
        assertThat(pc(debugger)).isEqualTo(address(0x1000 + 4 * i));
      }
      debugger.ask("Z0,500,4");
      assertThat(debugger.ask("vCont;c:1")).isEqualTo("T05thread:1;");
      assertThat(pc(debugger)).isEqualTo(address(0x500));
    }
  }

  @Test
  void aStoreToAWatchedPlaceStops() {
    start(LI_R3_5, STD_R3_0X2000, NOP, SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("Z2,2000,8")).isEqualTo("OK");
      assertThat(debugger.ask("Z2,%x,8".formatted(DEVICE))).isEqualTo("E14");
      assertThat(debugger.ask("vCont;c:1")).isEqualTo("T05watch:2000;thread:1;");
      assertThat(pc(debugger)).isEqualTo(address(0x1008));
      assertThat(debugger.ask("m2000,8")).isEqualTo(address(5));
      assertThat(debugger.ask("z2,2000,8")).isEqualTo("OK");
    }
  }

  @Test
  void aProgramWrittenByTheDebuggerIsExecuted() {
    start(NOP, NOP, SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("vCont;s:1")).startsWith("T05");
      assertThat(debugger.ask("M1004,4:%08x".formatted(LI_R3_5))).isEqualTo("OK");
      assertThat(debugger.ask("vCont;s:1")).startsWith("T05");
      assertThat(debugger.ask("p3")).isEqualTo(address(5));
      assertThat(debugger.ask("P40=0000000000001004")).isEqualTo("OK");
      assertThat(debugger.ask("P3=0000000000000000")).isEqualTo("OK");
      assertThat(debugger.ask("vCont;s:1")).startsWith("T05");
      assertThat(debugger.ask("p3")).isEqualTo(address(5));
    }
  }

  @Test
  void aRequestInterruptsARunningGuest() {
    start(NOP, 0x4bfffffc);
    try (Debugger debugger = attach()) {
      debugger.send("vCont;c");
      debugger.raw((byte) 3);
      assertThat(debugger.answer()).isEqualTo("T02thread:1;");
      assertThat(Long.parseLong(pc(debugger), 16)).isIn(0x1000L, 0x1004L);
    }
  }

  @Test
  void onlyOneDebuggerIsServed() {
    start(SPIN);
    try (Debugger first = attach()) {
      assertThat(first.ask("qC")).isEqualTo("QC1");
      try (Debugger second = attach()) {
        assertThat(second.next()).isEqualTo(-1);
      }
      assertThat(first.ask("qC")).isEqualTo("QC1");
    }
  }

  @Test
  void aDebuggerThatVanishesLeavesTheGuestRunningAndTheNextOneStopsIt()
      throws InterruptedException {
    start(LI_R3_5, ADDI_R3_R3_1, 0x4bfffffc);
    long before;
    try (Debugger first = attach()) {
      assertThat(first.ask("Z0,1004,4")).isEqualTo("OK");
      assertThat(first.ask("c")).startsWith("T05");
      before = partition.vcpus().getFirst().gpr(3);
    }
    while (partition.vcpus().getFirst().gpr(3) == before) {
      Thread.sleep(1);
    }
    try (Debugger second = attachAgain()) {
      assertThat(second.ask("?")).isEqualTo("T02thread:1;");
      assertThat(second.ask("vCont;s:1")).startsWith("T05thread:1;");
    }
  }

  /** The server may not have noticed yet that the one before is gone. */
  private Debugger attachAgain() {
    Debugger debugger = attach();
    while (debugger.ask("qC").equals("closed")) {
      debugger.close();
      debugger = attach();
    }
    return debugger;
  }

  @Test
  void afterDetachingTheGuestRunsWithoutBreakpoints() throws InterruptedException {
    start(NOP, LI_R3_5, SC_1);
    try (Debugger debugger = attach()) {
      debugger.ask("Z0,1004,4");
      assertThat(debugger.ask("D")).isEqualTo("OK");
      assertThat(debugger.answer()).isEqualTo("closed");
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(partition.vcpus()).allMatch(vcpu -> vcpu.gpr(3) == 5);
  }

  @Test
  void killingEndsTheGuest() throws InterruptedException {
    start(SPIN);
    try (Debugger debugger = attach()) {
      debugger.send("k");
      assertThat(debugger.answer()).isEqualTo("closed");
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(kills).hasValue(1);
  }

  @Test
  void theEndOfTheGuestIsTold() throws InterruptedException {
    start(LI_R3_5, SC_1);
    try (Debugger debugger = attach()) {
      debugger.send("vCont;c");
      for (Thread thread : threads) {
        thread.join();
      }
      server.exited(3);
      assertThat(debugger.answer()).isEqualTo("W03");
      assertThat(debugger.answer()).isEqualTo("closed");
    }
  }

  @Test
  void aGuestThatWouldLoopForEverStops() {
    partition.whenStuck(server::stuck);
    start(NOP, SPIN);
    try (Debugger debugger = attach()) {
      assertThat(debugger.ask("vCont;c")).isEqualTo("T06thread:1;");
      assertThat(pc(debugger)).isEqualTo(address(0x1004));
    }
  }

  @Test
  void theTimeBaseStandsStillWhileTheGuestIsHeld() {
    start(SPIN);
    try (Debugger debugger = attach()) {
      debugger.ask("?");
      long ticks = partition.timeBase().ticks();
      debugger.ask("g");
      assertThat(partition.timeBase().ticks()).isEqualTo(ticks);
    }
  }

  @Test
  void noBytesHurtTheServer() {
    start(NOP, 0x4bfffffc);
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      try (Debugger debugger = attachAgain()) {
        for (int i = 0; i < 40; i++) {
          debugger.raw(noise(random));
        }
      }
    }
    try (Debugger debugger = attachAgain()) {
      assertThat(debugger.ask("qC")).isEqualTo("QC1");
    }
  }

  /** Bytes, or a packet of letters that mean something. */
  private static byte[] noise(Random random) {
    byte[] bytes = new byte[random.nextInt(60)];
    random.nextBytes(bytes);
    if (random.nextInt(4) == 0) {
      return bytes;
    }
    String letters = "gGpPmMXZzHTqsvcCS?0123456789abcdef,:;=-+Cont";
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) letters.charAt(random.nextInt(letters.length()));
    }
    return Connection.frame(bytes);
  }
}
