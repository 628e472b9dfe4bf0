package org.nvlink2vmm.vmm.vcpu.pseries;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;

/** Guests of a few instructions: big-endian words from 0x1000. */
class PseriesGuestTest {
  private static final int RAM = 0x1000000;
  private static final int SC_1 = 0x44000022;
  private static final int SLDI_R6_R6_56 = 0x78c6c1c6;
  private static final int SPIN = 0x48000000;
  private static final Duration LONG = Duration.ofSeconds(60);

  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final AddressSpace space = new AddressSpace("guest", 1L << 62);

  private PseriesGuest guest(int... words) {
    MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
    }
    ByteBuffer file = ByteBuffer.allocate(0x100 + 4 * words.length);
    file.putInt(0, 0x7f454c46).put(4, (byte) 2).put(5, (byte) 2);
    file.putShort(16, (short) 2).putShort(18, (short) 21).putLong(24, 0x1000).putLong(32, 64);
    file.putShort(54, (short) 56).putShort(56, (short) 1);
    file.putInt(64, 1).putLong(72, 0x100).putLong(80, 0x1000).putLong(88, 0x1000);
    file.putLong(96, 4L * words.length).putLong(104, 4L * words.length);
    for (int i = 0; i < words.length; i++) {
      file.putInt(0x100 + 4 * i, words[i]);
    }
    return new PseriesGuest(
        space,
        RAM,
        RAM,
        1,
        ElfImage.of("guest", file),
        MemorySegment.ofArray(new byte[0]),
        new VtyConsole(output),
        DmaTables.NONE);
  }

  private static int li(int register, int value) {
    return 14 << 26 | register << 21 | (value & 0xffff);
  }

  private static int lis(int register, int value) {
    return 15 << 26 | register << 21 | (value & 0xffff);
  }

  private static int ori(int register, int value) {
    return 24 << 26 | register << 21 | register << 16 | (value & 0xffff);
  }

  private void rtasBlock(int... cells) {
    for (int i = 0; i < cells.length; i++) {
      space.write(0x3000 + 4L * i, 4, cells[i], ByteOrder.BIG_ENDIAN);
    }
  }

  private static int[] callRtas() {
    return new int[] {lis(3, 0), ori(3, 0xf000), li(4, 0x3000), SC_1, SPIN};
  }

  @Test
  void aGuestPrintsAndPowersOffWithAStatus() {
    // r6 = "A" in the top byte: H_PUT_TERM_CHAR of one character, then RTAS.
    PseriesGuest guest =
        guest(
            li(3, 0x58),
            li(4, 0),
            li(5, 1),
            li(6, 0x41),
            SLDI_R6_R6_56,
            SC_1,
            lis(3, 0),
            ori(3, 0xf000),
            li(4, 0x3000),
            SC_1,
            SPIN);
    rtasBlock(guest.rtas().tokens().get("power-off"), 2, 1, 7, 0, -1);
    GuestExit exit = guest.run(new byte[] {1}, LONG);
    assertThat(exit.reason()).isEqualTo(GuestExit.Reason.POWER_OFF);
    assertThat(exit.status()).isEqualTo(7);
    assertThat(exit.good()).isFalse();
    assertThat(output.toString(StandardCharsets.US_ASCII)).isEqualTo("A");
    assertThat(guest.hypervisor().uses()).containsEntry("H_PUT_TERM_CHAR", 1L);
  }

  @Test
  void aKernelsPowerOffIsStatusZero() {
    PseriesGuest guest = guest(callRtas());
    rtasBlock(guest.rtas().tokens().get("power-off"), 2, 1, -1, -1, -1);
    assertThat(guest.run(new byte[] {1}, LONG).good()).isTrue();
  }

  @Test
  void aSilentGuestIsEndedAndItsPlaceNamed() {
    // Over and over, but not by a branch to itself: nop; b -4.
    GuestExit exit = guest(0x60000000, 0x4bfffffc).run(new byte[] {1}, Duration.ofMillis(50));
    assertThat(exit.reason()).isEqualTo(GuestExit.Reason.TIMEOUT);
    assertThat(exit.notes()).anyMatch(note -> note.startsWith("cpu 0 at 0x100"));
  }

  @Test
  void aBranchToItselfWithInterruptsDisabledIsReportedAtOnce() {
    GuestExit exit = guest(0x60000000, SPIN).run(new byte[] {1}, LONG);
    assertThat(exit.reason()).isEqualTo(GuestExit.Reason.ENDLESS_LOOP);
    assertThat(exit.good()).isFalse();
    assertThat(exit.notes())
        .contains("endless loop: cpu 0 branches to itself at 0x1004 with interrupts disabled");
  }

  @Test
  void aBranchToItselfMayWaitForAnInterrupt() {
    // mfmsr r4; ori r4,r4,0x8000; mtmsrd r4; b .
    GuestExit exit =
        guest(0x7c8000a6, 0x60848000, 0x7c800164, SPIN).run(new byte[] {1}, Duration.ofMillis(50));
    assertThat(exit.reason()).isEqualTo(GuestExit.Reason.TIMEOUT);
  }

  @Test
  void anIllegalInstructionWithoutHandlerIsNamedAndReportedAtOnce() {
    GuestExit exit = guest(0x60000000, 0x00000123).run(new byte[] {1}, LONG);
    assertThat(exit.reason()).isEqualTo(GuestExit.Reason.ENDLESS_LOOP);
    assertThat(exit.notes())
        .contains(
            "endless loop: cpu 0 faults again and again in the handler at 0x700 with interrupts"
                + " disabled")
        .anyMatch(note -> note.contains("the first 0x00000123 at 0x1004, the last 0x00000000"))
        .contains("cpu 0   interrupted: program at 0x1004");
  }

  @Test
  void callersAreFoundAlongTheChainOfStackFrames() {
    // r1 = 0x2000; frames at 0x2000, 0x2100, and one that leads nowhere.
    PseriesGuest guest = guest(li(1, 0x2000), SPIN);
    long[] words = {0x2000, 0x2100, 0x2110, 0x1000, 0x2100, -16, 0x2200, 0};
    for (int i = 0; i < words.length; i += 2) {
      space.write(words[i], 8, words[i + 1], ByteOrder.BIG_ENDIAN);
    }
    assertThat(guest.run(new byte[] {1}, LONG).notes())
        .filteredOn(note -> note.contains("called from"))
        .containsExactly("cpu 0   called from 0x1000");
  }

  @Test
  void aChainOfStackFramesThatBitesItsTailEnds() {
    PseriesGuest guest = guest(li(1, 0x2000), SPIN);
    long[] words = {0x2000, 0x2100, 0x2010, 0x1000, 0x2100, 0x2000, 0x2110, 0x1000};
    for (int i = 0; i < words.length; i += 2) {
      space.write(words[i], 8, words[i + 1], ByteOrder.BIG_ENDIAN);
    }
    assertThat(guest.run(new byte[] {1}, LONG).notes())
        .filteredOn(note -> note.contains("called from"))
        .hasSize(24);
  }

  @Test
  void aHypercallThatWeLackIsNamed() {
    // H_ENTER, then power-off.
    PseriesGuest guest =
        guest(li(3, 8), SC_1, lis(3, 0), ori(3, 0xf000), li(4, 0x3000), SC_1, SPIN);
    rtasBlock(guest.rtas().tokens().get("power-off"), 2, 1, -1, -1, -1);
    GuestExit exit = guest.run(new byte[] {1}, LONG);
    assertThat(exit.notes()).containsExactly("H_ENTER is not offered, called 1 times");
  }

  @Test
  void anUnknownTokenIsAParameterError() {
    PseriesGuest guest =
        guest(
            lis(3, 0),
            ori(3, 0xf000),
            li(4, 0x3000),
            SC_1,
            lis(3, 0),
            ori(3, 0xf000),
            li(4, 0x3040),
            SC_1,
            SPIN);
    rtasBlock(0x1234, 0, 1, 99);
    int powerOff = guest.rtas().tokens().get("power-off");
    for (int i = 0; i < 5; i++) {
      space.write(0x3040 + 4L * i, 4, new int[] {powerOff, 2, 1, -1, -1}[i], ByteOrder.BIG_ENDIAN);
    }
    guest.run(new byte[] {1}, LONG);
    assertThat((int) space.read(0x300c, 4, ByteOrder.BIG_ENDIAN)).isEqualTo(-3);
  }

  @Test
  void aBuffersLengthDoesNotReachBeyondTheNonvolatileMemory() {
    PseriesGuest guest = guest(SPIN);
    RtasTable table = guest.rtas();
    rtasBlock(table.tokens().get("nvram-fetch"), 3, 2, 0x7fffffff, 0x4000, 0x7fffffff, 99, 99);
    RtasArguments arguments =
        new RtasArguments(space, guest.partition().vcpus().getFirst(), 0x3000);
    assertThat(table.dispatch(arguments)).isEqualTo(RtasCall.PARAMETER_ERROR);
  }
}
