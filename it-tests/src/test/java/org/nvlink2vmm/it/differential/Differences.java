package org.nvlink2vmm.it.differential;

import static org.nvlink2vmm.it.differential.Difference.Why.CHOICE;
import static org.nvlink2vmm.it.differential.Difference.Why.CLIENT;
import static org.nvlink2vmm.it.differential.Difference.Why.LIBRARY_DEFECT;
import static org.nvlink2vmm.it.differential.Difference.Why.SPECIFICATION;
import static org.nvlink2vmm.it.differential.Payloads.DEVICE_RESET;
import static org.nvlink2vmm.it.differential.Payloads.DMA_MAP;
import static org.nvlink2vmm.it.differential.Payloads.DMA_UNMAP;
import static org.nvlink2vmm.it.differential.Payloads.FEATURE;
import static org.nvlink2vmm.it.differential.Payloads.GET_REGION_INFO;
import static org.nvlink2vmm.it.differential.Payloads.MIG_DATA_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_READ;
import static org.nvlink2vmm.it.differential.Payloads.REGION_WRITE;
import static org.nvlink2vmm.it.differential.Payloads.SET_IRQS;
import static org.nvlink2vmm.it.differential.Payloads.VERSION;
import static org.nvlink2vmm.it.differential.Payloads.WRITE_MULTI;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.nvlink2vmm.it.raw.RawClient;

/**
 * The table: every difference between the two servers, and why it is there. The protocol is QEMU's
 * docs/interop/vfio-user.rst; the kernel's answers are those of drivers/vfio in Linux.
 */
final class Differences {
  private static final String OK = "ok";
  private static final String WITH_FILE = "ok, 1 descriptors";
  private static final String SEEN = "seen";
  private static final String EINVAL = "errno 22";
  private static final String CLOSED = "closed";
  private static final int PROBE = 1 << 18;
  private static final int PRE_COPY = 6;

  static final List<Difference> TABLE =
      Stream.of(connection(), description(), accesses(), config(), interrupts(), dma(), migration())
          .flatMap(List::stream)
          .toList();

  private Differences() {}

  private static Predicate<Exchange> command(int number) {
    return exchange -> exchange.command() == number;
  }

  private static Predicate<Exchange> script(String name) {
    return exchange -> exchange.script().name().equals(name);
  }

  private static List<Difference> connection() {
    Predicate<Exchange> version = command(VERSION);
    return List.of(
        new Difference(
            "a good version",
            version.and(Differences::sayTheSame),
            OK,
            OK,
            CLIENT,
            "no spaces in the JSON, write_multiple agreed: QEMU takes no more than it sent, 214"
                + " bytes"),
        new Difference(
            "a version whose JSON is no object",
            version.and(script("version: bad []")),
            EINVAL,
            OK,
            SPECIFICATION,
            "the version data are a JSON object"),
        new Difference(
            "write_multiple that is no boolean",
            version.and(script("version: bad {\"capabilities\":{\"write_multiple\":3}}")),
            EINVAL,
            OK,
            SPECIFICATION,
            "the type of write_multiple is boolean; the library does not know it"),
        new Difference(
            "a version above 1 MiB",
            version.and(script("version: too long")),
            EINVAL,
            CLOSED,
            CHOICE,
            "both drop the client; ours says why first"),
        new Difference(
            "a good request after one whose type is no command",
            exchange -> exchange.script().name().startsWith("header: flags"),
            OK,
            EINVAL,
            LIBRARY_DEFECT,
            "leaves the refused message's payload in the stream and takes it for a header"),
        new Difference(
            "a header in two pieces",
            script("stream: cut in the header"),
            OK,
            CLOSED,
            LIBRARY_DEFECT,
            "a stream socket may cut anywhere; the header is taken by one receive"),
        new Difference(
            "a payload in two pieces",
            script("stream: cut in the payload"),
            OK,
            EINVAL,
            LIBRARY_DEFECT,
            "the payload is taken by one receive"),
        new Difference(
            "a write above the socket's buffer",
            command(REGION_WRITE).and(e -> e.u32(12) == 1 << 20),
            OK,
            EINVAL,
            LIBRARY_DEFECT,
            "the payload is taken by one receive, which gets a part"));
  }

  /** The same numbers, and the same JSON but for spaces and what the library does not know. */
  private static boolean sayTheSame(Exchange exchange) {
    byte[] ours = exchange.ours().payload();
    byte[] library = exchange.library().payload();
    String json = json(ours).replace(",\"write_multiple\":true", "");
    return Arrays.equals(Arrays.copyOf(ours, 4), Arrays.copyOf(library, 4))
        && json.equals(json(library).replace(" ", ""))
        && exchange.ours().bytes().length() <= 214;
  }

  private static String json(byte[] payload) {
    return new String(payload, 4, payload.length - 4, StandardCharsets.UTF_8);
  }

  private static List<Difference> description() {
    Predicate<Exchange> whole = command(GET_REGION_INFO).and(e -> e.u32(8) == TwinDevice.MEMORY);
    return List.of(
        new Difference(
            "a region of areas, with less room than they need",
            command(GET_REGION_INFO)
                .and(e -> e.u32(8) == TwinDevice.SPARSE)
                .and(e -> e.ours().bytes().length() == 48 && e.library().u32(0) == 80),
            OK,
            OK,
            CLIENT,
            "ours sends the fixed part alone, the library fills up with zeros: the Rust client"
                + " wants a reply of exactly 32 bytes and the capabilities"),
        new Difference(
            "a region that can be mapped whole, room for 32 bytes",
            whole.and(e -> Integer.compareUnsigned(e.u32(0), 64) < 0),
            WITH_FILE,
            OK,
            SPECIFICATION,
            "needs no areas, so its descriptor comes with the fixed part; the library makes one"
                + " area of it, and first sends neither"),
        new Difference(
            "the same, with room for an area",
            whole.and(e -> Integer.compareUnsigned(e.u32(0), 64) >= 0),
            WITH_FILE,
            WITH_FILE,
            SPECIFICATION,
            "the same; both send the descriptor"));
  }

  private static List<Difference> accesses() {
    Predicate<Exchange> broken = e -> e.u32(8) == TwinDevice.BROKEN;
    Predicate<Exchange> read = command(REGION_READ).and(broken).and(Differences::allOnes);
    return List.of(
        failed(read, 1),
        failed(read, 2),
        failed(read, 3),
        failed(read, 4),
        failed(read, 8),
        failed(read, 64),
        failed(read, 4096),
        new Difference(
            "a write that the device fails",
            command(REGION_WRITE).and(broken),
            OK,
            "errno 5, 16 bytes",
            CLIENT,
            "is lost, as on a bus, and counted: the Rust client looks at no error"),
        new Difference(
            "several writes in one message",
            command(WRITE_MULTI),
            OK,
            EINVAL,
            SPECIFICATION,
            "the library does not know the command"));
  }

  private static Difference failed(Predicate<Exchange> read, int count) {
    return new Difference(
        "a read of " + count + " bytes that the device fails",
        read.and(e -> e.u32(12) == count),
        OK,
        "errno 5, " + (16 + count) + " bytes",
        CLIENT,
        "reads all ones, as on a bus, and is counted: the Rust client waits for the data whatever"
            + " the reply says, and an error reply has no payload");
  }

  private static boolean allOnes(Exchange exchange) {
    byte[] payload = exchange.ours().payload();
    for (int i = 16; i < payload.length; i++) {
      if (payload[i] != -1) {
        return false;
      }
    }
    return true;
  }

  private static List<Difference> config() {
    Predicate<Exchange> space = e -> e.u32(8) == TwinDevice.CONFIG;
    Predicate<Exchange> read = command(REGION_READ).and(space);
    Predicate<Exchange> write = command(REGION_WRITE).and(space);
    return List.of(
        new Difference(
            "the registers of BAR3 and BAR5",
            read.and(e -> e.u64(0) <= 0x24 && e.u64(0) + e.u32(12) > 0x1c)
                .and(e -> differsOnlyAt(e, 0x1c, 0x24)),
            OK,
            OK,
            LIBRARY_DEFECT,
            "calls a BAR that is not there, and the upper half of a 64-bit one, I/O space"),
        new Difference(
            "command with parity, VGA snoop, special cycles",
            write.and(e -> e.u64(0) == 4),
            OK,
            "errno 22, 16 bytes",
            CLIENT,
            "SLOF writes 0x140; PCI: bits that are not there are not written"),
        new Difference(
            "ids, subsystem, MSI beyond its vectors, NVIDIA's HDA bit",
            write.and(
                e -> e.u64(0) == 0 || e.u64(0) == 0x2c || e.u64(0) == 0x52 || e.u64(0) == 0x488),
            OK,
            "errno 22, 16 bytes",
            SPECIFICATION,
            "PCI: a write to a register that cannot be written is dropped; Linux writes 0x488 on"
                + " every NVIDIA display device"),
        new Difference(
            "the header of a capability",
            write.and(e -> e.u64(0) == 0x40),
            OK,
            "errno 1, 16 bytes",
            SPECIFICATION,
            "PCI: a write to a register that cannot be written is dropped"),
        new Difference(
            "power capabilities",
            write.and(e -> e.u64(0) == 0x42),
            OK,
            "errno 95, 16 bytes",
            SPECIFICATION,
            "PCI: a write to a register that cannot be written is dropped"),
        new Difference(
            "power state D3, read back",
            read.and(e -> e.u64(0) == 0x44),
            OK,
            OK,
            LIBRARY_DEFECT,
            "the write clears NoSoftReset, which is read-only"));
  }

  private static boolean differsOnlyAt(Exchange exchange, int... registers) {
    byte[] ours = exchange.ours().payload();
    byte[] library = exchange.library().payload();
    long offset = exchange.u64(0);
    for (int i = 16; i < ours.length; i++) {
      long register = offset + i - 16 & ~3L;
      if (ours[i] != library[i] && Arrays.stream(registers).noneMatch(r -> r == register)) {
        return false;
      }
    }
    return true;
  }

  private static List<Difference> interrupts() {
    Predicate<Exchange> set = command(SET_IRQS);
    return List.of(
        new Difference(
            "a flag that nobody knows",
            set.and(e -> (e.u32(4) & ~0x3f) != 0),
            EINVAL,
            OK,
            SPECIFICATION,
            "vfio_set_irqs_validate_and_prepare refuses it"),
        new Difference(
            "a descriptor that is no eventfd",
            set.and(script("irqs: no eventfd")),
            EINVAL,
            OK,
            SPECIFICATION,
            "eventfd_ctx_fdget refuses it; an interrupt would write into the file"),
        new Difference(
            "a bool of 2",
            script("irqs: a bool that is neither 0 nor 1"),
            SEEN,
            SEEN,
            SPECIFICATION,
            "vfio_pci_set_msi_trigger fires for all but 0"),
        new Difference(
            "one vector but the first taken away",
            script("irqs: another one is taken away"),
            SEEN,
            SEEN,
            LIBRARY_DEFECT,
            "its loop ends at count in place of start + count: the eventfd stays"),
        new Difference(
            "MSI and another index used by one client",
            e -> e.step() instanceof Step.Signals && usesMsiAndAnother(e.script()),
            SEEN,
            SEEN,
            LIBRARY_DEFECT,
            "has one list of eventfds for INTx, MSI and MSI-X, also for taking them away"),
        new Difference(
            "a masked MSI vector that the device fires",
            script("irqs: a masked vector waits"),
            SEEN,
            SEEN,
            LIBRARY_DEFECT,
            "says yes to masking and does not mask; ours fires at the unmask"));
  }

  private static boolean usesMsiAndAnother(Script script) {
    Set<Integer> indexes =
        script.steps().stream()
            .filter(step -> step.command() == SET_IRQS && step.sent().length >= 36)
            .map(step -> (int) step.sent()[RawClient.HEADER + 8])
            .collect(Collectors.toSet());
    return indexes.contains(1) && (indexes.contains(0) || indexes.contains(2));
  }

  private static List<Difference> dma() {
    Predicate<Exchange> map = command(DMA_MAP);
    Predicate<Exchange> unmap = command(DMA_UNMAP);
    return List.of(
        new Difference(
            "a map of nothing, or past 2^64",
            map.and(e -> e.u64(24) == 0 || (e.u64(16) < 0 && e.u64(16) + e.u64(24) > 0)),
            EINVAL,
            OK,
            SPECIFICATION,
            "vfio_dma_do_map refuses both"),
        new Difference(
            "a map past the end of its file",
            map.and(e -> e.fds() == 1 && e.u64(8) + e.u64(24) > 1 << 20),
            EINVAL,
            OK,
            LIBRARY_DEFECT,
            "the first touch would end the server by SIGBUS"),
        new Difference(
            "a map with two descriptors",
            map.and(e -> e.fds() == 2),
            EINVAL,
            OK,
            SPECIFICATION,
            "takes at most one"),
        new Difference(
            "a map of an eventfd",
            map.and(script("dma: an eventfd")),
            EINVAL,
            "errno 19",
            CHOICE,
            "both refuse; ours by the file's size, before it is mapped"),
        new Difference(
            "a map that overlaps another",
            map.and(e -> e.script().name().startsWith("dma: overlap")),
            "errno 17",
            EINVAL,
            SPECIFICATION,
            "EEXIST by the protocol's text"),
        new Difference(
            "argsz of an unmap's reply",
            unmap.and(e -> e.u32(0) > 24 && e.ours().u32(0) == 24),
            OK,
            OK,
            SPECIFICATION,
            "a reply's argsz is what it needs; the library echoes the request's"),
        new Difference(
            "an unmap of nothing, or of a range with mappings inside",
            unmap.and(e -> e.u64(16) > 0),
            OK,
            "errno 2",
            CLIENT,
            "vfio_dma_do_unmap answers so; QEMU's pseries sends hundreds of thousands and prints a"
                + " line for each error"),
        new Difference(
            "an unmap of size 0, or past 2^64",
            unmap.and(e -> e.u64(16) == 0 || e.u64(8) < 0),
            EINVAL,
            "errno 2",
            SPECIFICATION,
            "vfio_dma_do_unmap refuses both"),
        new Difference(
            "a device's read across the end of a mapping",
            script("dma: past the map"),
            OK,
            OK,
            CHOICE,
            "both fail; ours has read what is mapped, as a device does whose reads are packets"),
        new Difference(
            "a device's write across the end of a mapping",
            e -> e.step() instanceof Step.GuestMemory && writesGuestMemory(e.script()),
            SEEN,
            SEEN,
            CHOICE,
            "the same"),
        new Difference(
            "a device's read without Bus Master",
            script("dma: not bus master"),
            OK,
            OK,
            SPECIFICATION,
            "PCI: Command bit 2; QEMU looks at it for DMA by message, too"));
  }

  private static boolean writesGuestMemory(Script script) {
    byte[] start =
        Payloads.write32(TwinDevice.REGISTERS, TwinDevice.DMA_START, TwinDevice.TO_GUEST);
    return script.steps().stream()
        .map(Step::sent)
        .filter(sent -> sent.length > RawClient.HEADER)
        .anyMatch(sent -> Arrays.equals(sent, 16, sent.length, start, 0, start.length));
  }

  private static List<Difference> migration() {
    Predicate<Exchange> feature = command(FEATURE);
    Predicate<Exchange> probe = feature.and(e -> (e.u32(4) & PROBE) != 0);
    Predicate<Exchange> setState = feature.and(e -> e.u32(4) == (2 | 1 << 17));
    return List.of(
        new Difference(
            "a state that there is not, or no way to",
            setState,
            EINVAL,
            "errno 22, 16 bytes",
            LIBRARY_DEFECT,
            "an error reply has no payload"),
        new Difference(
            "a set without its state",
            setState,
            EINVAL,
            "errno 22, 8 bytes",
            LIBRARY_DEFECT,
            "an error reply has no payload"),
        new Difference(
            "to pre-copy",
            setState.and(e -> e.u32(8) == PRE_COPY),
            EINVAL,
            OK,
            CHOICE,
            "we offer stop-copy alone"),
        new Difference(
            "what is offered",
            feature.and(e -> e.u32(4) == (1 | 1 << 16) && e.ours().u32(8) == 1),
            OK,
            OK,
            CHOICE,
            "we offer stop-copy alone"),
        new Difference(
            "dirty logging",
            feature.and(e -> (e.u32(4) & 0xffff) == 6 || (e.u32(4) & 0xffff) == 7),
            EINVAL,
            OK,
            CHOICE,
            "we do not offer it; QEMU does not ask"),
        new Difference(
            "a probe with surplus bytes",
            probe.and(e -> e.ours().bytes().length() == 24),
            OK,
            OK,
            CHOICE,
            "a probe's answer has no data: ours sends the 8 bytes, the library what it got"),
        new Difference(
            "a probe with surplus bytes and argsz 8",
            probe.and(e -> e.u32(0) == 8),
            OK,
            EINVAL,
            CHOICE,
            "the same"),
        new Difference(
            "maps and unmaps of a stopped device",
            command(DMA_MAP).or(command(DMA_UNMAP)),
            OK,
            EINVAL,
            CLIENT,
            "a VMM's memory layout may change while it migrates; VFIO's containers know no state"),
        new Difference(
            "reset of a stopped device",
            command(DEVICE_RESET),
            OK,
            EINVAL,
            SPECIFICATION,
            "vfio.h: a reset brings a device to RUNNING from any state, and is the way out of"
                + " ERROR"),
        new Difference(
            "the end of the state",
            command(MIG_DATA_READ).and(e -> e.ours().u32(4) == e.library().u32(4)),
            OK,
            OK,
            LIBRARY_DEFECT,
            "the reply is as long as the data that were asked for, not as its size says"));
  }
}
