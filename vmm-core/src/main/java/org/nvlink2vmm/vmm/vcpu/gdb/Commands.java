package org.nvlink2vmm.vmm.vcpu.gdb;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vcpu.gdb.AllStop.Action;

/**
 * The packets of one debugger, while the guest is stopped. Threads are numbered from 1: thread 1 is
 * cpu 0.
 */
final class Commands {
  /** Bytes of memory in one answer: two digits each, and room for the frame. */
  private static final int MAX_MEMORY = PacketReader.MAX_BODY / 2 - 8;

  private static final String DESCRIPTION = "qXfer:features:read:target.xml:";
  private static final int SIGINT = 2;
  private static final int SIGTRAP = 5;
  private static final int SIGABRT = 6;

  private final List<Vcpu> vcpus;
  private final AllStop guest;
  private final TargetRegisters registers;
  private int current;
  private boolean namesBreakpoints;

  Commands(Partition partition, AllStop guest, ByteOrder order) {
    this.vcpus = partition.vcpus();
    this.guest = guest;
    this.registers = new TargetRegisters(order);
  }

  /** Why the guest stopped, as a stop reply; its thread is from now on the one meant. */
  String stopReply() {
    AllStop.Stop stop = guest.stop();
    current = stop.vcpu();
    int signal =
        switch (stop.cause()) {
          case REQUEST -> SIGINT;
          case STUCK -> SIGABRT;
          case STEPPED, BREAKPOINT, WATCHPOINT -> SIGTRAP;
        };
    String detail =
        switch (stop.cause()) {
          case BREAKPOINT -> namesBreakpoints ? "swbreak:;" : "";
          case WATCHPOINT -> "watch:%x;".formatted(stop.place());
          default -> "";
        };
    return "T%02x%sthread:%x;".formatted(signal, detail, current + 1);
  }

  /** Carries a packet out as far as it can be done at once. */
  Answer answer(byte[] body) {
    String text = new String(body, StandardCharsets.ISO_8859_1);
    if (text.isEmpty()) {
      return Answer.UNSUPPORTED;
    }
    try {
      String rest = text.substring(1);
      return switch (text.charAt(0)) {
        case '?' -> new Answer.Text(stopReply());
        case 'g' -> new Answer.Text(registers.all(vcpus.get(current)));
        case 'G' -> {
          registers.setAll(vcpus.get(current), Hex.bytes(rest));
          yield Answer.OK;
        }
        case 'p' ->
            registers
                .one(vcpus.get(current), Hex.number(rest))
                .<Answer>map(Answer.Text::new)
                .orElse(Answer.MALFORMED);
        case 'P' -> setRegister(rest);
        case 'm' -> readMemory(rest);
        case 'M' -> writeMemory(rest);
        case 'X' -> writeBinary(rest);
        case 'Z' -> breakpoint(rest, true);
        case 'z' -> breakpoint(rest, false);
        case 'H' -> select(rest);
        case 'T' -> thread(rest) > 0 ? Answer.OK : Answer.MALFORMED;
        case 'c', 'C', 's', 'S' -> resumeOne(text);
        case 'D' -> new Answer.Detach();
        case 'k' -> new Answer.Kill();
        case 'q', 'Q', 'v' -> named(text);
        default -> Answer.UNSUPPORTED;
      };
    } catch (BadPacket _) {
      return Answer.MALFORMED;
    }
  }

  private Answer named(String text) throws BadPacket {
    String name = text.split("[:;,]", 2)[0];
    return switch (name) {
      case "qSupported" -> supported(text);
      case "QStartNoAckMode" -> new Answer.NoAcknowledgements();
      case "qC" -> new Answer.Text("QC%x".formatted(current + 1));
      case "qAttached" -> new Answer.Text("1");
      case "qfThreadInfo" ->
          new Answer.Text(
              vcpus.stream()
                  .map(vcpu -> Integer.toHexString(vcpu.id() + 1))
                  .collect(Collectors.joining(",", "m", "")));
      case "qsThreadInfo" -> new Answer.Text("l");
      case "qThreadExtraInfo" -> threadInfo(text);
      case "qXfer" -> description(text);
      case "vCont?" -> new Answer.Text("vCont;c;C;s;S");
      case "vCont" -> resume(text.substring("vCont".length()));
      case "vKill" -> new Answer.Kill();
      default -> Answer.UNSUPPORTED;
    };
  }

  private Answer supported(String text) {
    namesBreakpoints = Arrays.asList(text.split("[:;]")).contains("swbreak+");
    return new Answer.Text(
        "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+"
            .formatted(PacketReader.MAX_BODY));
  }

  private Answer description(String text) throws BadPacket {
    if (!text.startsWith(DESCRIPTION)) {
      return Answer.UNSUPPORTED;
    }
    long[] range = numbers(text.substring(DESCRIPTION.length()), 2);
    String xml = TargetRegisters.description();
    if (range[0] < 0 || range[0] > xml.length() || range[1] < 0) {
      return Answer.MALFORMED;
    }
    int from = (int) range[0];
    int to = (int) Math.min(xml.length(), from + Math.min(range[1], MAX_MEMORY));
    return new Answer.Text((to == xml.length() ? "l" : "m") + xml.substring(from, to));
  }

  private Answer threadInfo(String text) throws BadPacket {
    int comma = text.indexOf(',');
    int thread = comma < 0 ? 0 : thread(text.substring(comma + 1));
    if (thread <= 0) {
      return Answer.MALFORMED;
    }
    Vcpu vcpu = vcpus.get(thread - 1);
    String state = vcpu.executing() ? "" : ", not started";
    String info = "cpu " + vcpu.id() + state;
    return new Answer.Text(Hex.of(info.getBytes(StandardCharsets.US_ASCII)));
  }

  // Threads.

  /** The number of a thread that there is; 0 for any, -1 for all, -2 for one that there is not. */
  private int thread(String text) throws BadPacket {
    if (text.equals("-1")) {
      return -1;
    }
    long number = Hex.number(text);
    return number >= 0 && number <= vcpus.size() ? (int) number : -2;
  }

  private Answer select(String rest) throws BadPacket {
    if (rest.isEmpty()) {
      return Answer.MALFORMED;
    }
    int thread = thread(rest.substring(1));
    if (thread == -2) {
      return Answer.MALFORMED;
    }
    if (thread > 0) {
      current = thread - 1;
    }
    return Answer.OK;
  }

  /** c, s, and with a signal, which the guest does not have, C and S; perhaps with an address. */
  private Answer resumeOne(String text) throws BadPacket {
    char kind = text.charAt(0);
    String rest = text.substring(1);
    int semicolon = rest.indexOf(';');
    boolean signal = kind == 'C' || kind == 'S';
    String address = !signal ? rest : semicolon < 0 ? "" : rest.substring(semicolon + 1);
    if (!address.isEmpty()) {
      vcpus.get(current).pc(Hex.number(address));
    }
    Action[] actions = new Action[vcpus.size()];
    Arrays.fill(actions, Action.CONTINUE);
    actions[current] = kind == 's' || kind == 'S' ? Action.STEP : Action.CONTINUE;
    return new Answer.Resume(List.of(actions));
  }

  /** vCont: the first action that names a thread, or all, is the thread's. */
  private Answer resume(String text) throws BadPacket {
    Action[] actions = new Action[vcpus.size()];
    for (String each : text.substring(Math.min(1, text.length())).split(";", -1)) {
      int colon = each.indexOf(':');
      String kind = colon < 0 ? each : each.substring(0, colon);
      int thread = colon < 0 ? -1 : thread(each.substring(colon + 1));
      Action action = action(kind);
      for (int i = 0; i < actions.length; i++) {
        boolean named = thread < 0 || thread == i + 1 || (thread == 0 && i == current);
        if (actions[i] == null && named && thread != -2) {
          actions[i] = action;
        }
      }
    }
    for (int i = 0; i < actions.length; i++) {
      actions[i] = actions[i] == null ? Action.STAY : actions[i];
    }
    if (Arrays.stream(actions).allMatch(action -> action == Action.STAY)) {
      throw new BadPacket();
    }
    return new Answer.Resume(List.of(actions));
  }

  private static Action action(String kind) throws BadPacket {
    return switch (kind.isEmpty() ? ' ' : kind.charAt(0)) {
      case 'c', 'C' -> Action.CONTINUE;
      case 's', 'S' -> Action.STEP;
      default -> throw new BadPacket();
    };
  }

  // Registers and memory.

  private Answer setRegister(String rest) throws BadPacket {
    int equals = rest.indexOf('=');
    if (equals < 0) {
      return Answer.MALFORMED;
    }
    long number = Hex.number(rest.substring(0, equals));
    registers.setOne(vcpus.get(current), number, Hex.bytes(rest.substring(equals + 1)));
    return Answer.OK;
  }

  private Answer readMemory(String rest) throws BadPacket {
    long[] range = numbers(rest, 2);
    if (range[1] < 0) {
      return Answer.MALFORMED;
    }
    byte[] bytes = new byte[(int) Math.min(range[1], MAX_MEMORY)];
    int count = vcpus.get(current).debug().read(range[0], MemorySegment.ofArray(bytes));
    return count == 0 && bytes.length > 0
        ? Answer.NO_MEMORY
        : new Answer.Text(Hex.of(Arrays.copyOf(bytes, count)));
  }

  private Answer writeMemory(String rest) throws BadPacket {
    int colon = rest.indexOf(':');
    if (colon < 0) {
      return Answer.MALFORMED;
    }
    return write(rest.substring(0, colon), Hex.bytes(rest.substring(colon + 1)));
  }

  private Answer writeBinary(String rest) throws BadPacket {
    int colon = rest.indexOf(':');
    if (colon < 0) {
      return Answer.MALFORMED;
    }
    byte[] bytes = rest.substring(colon + 1).getBytes(StandardCharsets.ISO_8859_1);
    return write(rest.substring(0, colon), bytes);
  }

  private Answer write(String range, byte[] bytes) throws BadPacket {
    long[] numbers = numbers(range, 2);
    if (numbers[1] != bytes.length) {
      return Answer.MALFORMED;
    }
    boolean done = vcpus.get(current).debug().write(numbers[0], MemorySegment.ofArray(bytes));
    return done ? Answer.OK : Answer.NO_MEMORY;
  }

  private Answer breakpoint(String rest, boolean set) throws BadPacket {
    int comma = rest.indexOf(',');
    if (comma != 1) {
      return Answer.MALFORMED;
    }
    long[] place = numbers(rest.substring(2).split(";", 2)[0], 2);
    return switch (rest.charAt(0)) {
      case '0', '1' -> {
        if (!set) {
          guest.removeBreakpoint(place[0]);
        }
        yield !set || guest.addBreakpoint(place[0]) ? Answer.OK : Answer.TOO_MANY;
      }
      case '2' -> {
        int size = Math.clamp(place[1], 0, 9);
        if (!set) {
          guest.removeWatch(place[0], size);
        }
        boolean done = !set || guest.addWatch(vcpus.get(current), place[0], size);
        yield done ? Answer.OK : Answer.NO_MEMORY;
      }
      default -> Answer.UNSUPPORTED;
    };
  }

  /** Numbers with commas in between. */
  private static long[] numbers(String text, int count) throws BadPacket {
    String[] parts = text.split(",", -1);
    if (parts.length != count) {
      throw new BadPacket();
    }
    long[] numbers = new long[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = Hex.number(parts[i]);
    }
    return numbers;
  }
}
