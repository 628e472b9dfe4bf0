package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.nvlink2vmm.vmm.vcpu.Hypervisor;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * The hypercalls of a pseries machine with the radix MMU. A call that is not here is answered with
 * H_FUNCTION, which guests take as "not offered", and counted by number.
 */
public final class PseriesHypervisor implements Hypervisor {
  private static final long PROC_TABLE_RADIX = 4;
  private static final long PROC_TABLE_NEW = 0x18;
  private static final int SET_MODE_INTERRUPT_LOCATION = 3;
  private static final int SET_MODE_LITTLE_ENDIAN = 4;

  private final Partition partition;
  private final VtyConsole console;
  private final RtasTable rtas;
  private final TceHcalls tce;
  private final Map<Long, LongAdder> uses = new ConcurrentHashMap<>();
  private final Map<Long, LongAdder> unknown = new ConcurrentHashMap<>();
  private final SplittableRandom random = new SplittableRandom(0x5eedL);
  private final HomeNodes homeNodes = new HomeNodes();
  private Xics xics;
  private volatile ProcessTableWatcher processTables = ProcessTableWatcher.NONE;

  public PseriesHypervisor(
      Partition partition, VtyConsole console, RtasTable rtas, DmaTables dmaTables) {
    this.partition = partition;
    this.console = console;
    this.rtas = rtas;
    this.tce = new TceHcalls(dmaTables, partition.space());
  }

  /** Builds the interrupt controller for the threads added so far; once, before they run. */
  public Xics connectInterrupts() {
    xics = new Xics(partition.vcpus(), partition.vcpus().size());
    return xics;
  }

  public Xics interrupts() {
    return xics;
  }

  /** Says who else hears of the guest's process table. */
  public void onProcessTable(ProcessTableWatcher watcher) {
    processTables = watcher;
  }

  /** Says the associativity domains of each thread, as its node lists them behind their number. */
  public void associativity(List<int[]> byThread) {
    homeNodes.set(byThread);
  }

  /** Hypercalls made, by name. */
  public Map<String, Long> uses() {
    return byName(uses);
  }

  /** Hypercalls answered with H_FUNCTION, by name. */
  public Map<String, Long> unknown() {
    return byName(unknown);
  }

  private static Map<String, Long> byName(Map<Long, LongAdder> counts) {
    Map<String, Long> named = new TreeMap<>();
    counts.forEach((number, count) -> named.put(Hcall.name(number), count.sum()));
    return Collections.unmodifiableMap(named);
  }

  @Override
  public void call(Vcpu vcpu) {
    long number = vcpu.gpr(3);
    if (vcpu.problemState()) {
      vcpu.gpr(3, Hcall.PRIVILEGE);
      return;
    }
    // Only numbers that exist are kept, lest a guest fill memory with made-up ones.
    if (number >= 0 && number <= 0xffff && (number & 3) == 0) {
      uses.computeIfAbsent(number, absent -> new LongAdder()).increment();
    }
    vcpu.gpr(3, answer(vcpu, number));
  }

  private long answer(Vcpu vcpu, long number) {
    if (number < 0 || number > 0xffff) {
      return Hcall.FUNCTION;
    }
    return switch ((int) number) {
      case Hcall.RTAS -> runTimeService(vcpu);
      case Hcall.PUT_TERM_CHAR -> putTerminal(vcpu);
      case Hcall.GET_TERM_CHAR -> getTerminal(vcpu);
      case Hcall.CEDE -> {
        vcpu.cede();
        yield Hcall.SUCCESS;
      }
      case Hcall.CONFER -> {
        Thread.onSpinWait();
        yield Hcall.SUCCESS;
      }
      case Hcall.PROD -> prod(vcpu.gpr(4));
      case Hcall.SET_MODE -> setMode(vcpu);
      case Hcall.REGISTER_PROC_TBL -> registerProcessTable(vcpu);
      case Hcall.REGISTER_VPA, Hcall.LOGICAL_DCBF, Hcall.LOGICAL_ICBI, Hcall.SET_DABR ->
          Hcall.SUCCESS;
      case Hcall.GET_CPU_CHARACTERISTICS -> {
        // An interpreter speculates on nothing: no mitigation is needed or asked for.
        vcpu.gpr(4, 0);
        vcpu.gpr(5, 0);
        yield Hcall.SUCCESS;
      }
      case Hcall.RANDOM -> {
        vcpu.gpr(4, nextRandom());
        yield Hcall.SUCCESS;
      }
      case Hcall.LOGICAL_CI_LOAD, Hcall.LOGICAL_CI_STORE -> cacheInhibited(vcpu, (int) number);
      case Hcall.HOME_NODE_ASSOCIATIVITY -> homeNodes.answer(vcpu);
      case Hcall.PUT_TCE -> tce.put(vcpu);
      case Hcall.GET_TCE -> tce.get(vcpu);
      case Hcall.PUT_TCE_INDIRECT -> tce.putIndirect(vcpu);
      case Hcall.STUFF_TCE -> tce.stuff(vcpu);
      default -> interrupt(vcpu, (int) number);
    };
  }

  private synchronized long nextRandom() {
    return random.nextLong();
  }

  private long interrupt(Vcpu vcpu, int number) {
    return switch (number) {
      case Hcall.CPPR -> xics.cppr(vcpu.id(), vcpu.gpr(4));
      case Hcall.EOI -> xics.end(vcpu.id(), vcpu.gpr(4));
      case Hcall.IPI -> xics.ipi(vcpu.gpr(4), vcpu.gpr(5));
      case Hcall.XIRR, Hcall.XIRR_X -> {
        vcpu.gpr(4, xics.accept(vcpu.id()));
        vcpu.gpr(5, partition.timeBase().ticks());
        yield Hcall.SUCCESS;
      }
      case Hcall.IPOLL -> {
        long xirr = xics.poll(vcpu.gpr(4));
        int mfrr = xics.mfrr(vcpu.gpr(4));
        vcpu.gpr(4, xirr);
        vcpu.gpr(5, mfrr);
        yield xirr < 0 ? Hcall.PARAMETER : Hcall.SUCCESS;
      }
      default -> {
        unknown.computeIfAbsent((long) number, absent -> new LongAdder()).increment();
        yield Hcall.FUNCTION;
      }
    };
  }

  private long runTimeService(Vcpu vcpu) {
    RtasArguments arguments = new RtasArguments(partition.space(), vcpu, vcpu.gpr(4));
    int status = rtas.dispatch(arguments);
    arguments.result(0, status);
    return Hcall.SUCCESS;
  }

  private long prod(long target) {
    if (target < 0 || target >= partition.vcpus().size()) {
      return Hcall.PARAMETER;
    }
    partition.vcpus().get((int) target).prod();
    return Hcall.SUCCESS;
  }

  // Characters are packed into r6 and r7 (put), r5 and r6 (get), the first the most significant.

  private long putTerminal(Vcpu vcpu) {
    long count = vcpu.gpr(5);
    if (!isTerminal(vcpu.gpr(4)) || count < 0 || count > 16) {
      return Hcall.PARAMETER;
    }
    byte[] bytes = new byte[(int) count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (vcpu.gpr(6 + i / 8) >>> (56 - 8 * (i % 8)));
    }
    console.put(bytes);
    return Hcall.SUCCESS;
  }

  private long getTerminal(Vcpu vcpu) {
    if (!isTerminal(vcpu.gpr(4))) {
      return Hcall.PARAMETER;
    }
    byte[] bytes = new byte[16];
    int count = console.take(bytes, bytes.length);
    long[] words = new long[2];
    for (int i = 0; i < count; i++) {
      words[i / 8] |= (bytes[i] & 0xffL) << (56 - 8 * (i % 8));
    }
    vcpu.gpr(4, count);
    vcpu.gpr(5, words[0]);
    vcpu.gpr(6, words[1]);
    return Hcall.SUCCESS;
  }

  /** The first terminal is also the one with number 0. */
  private static boolean isTerminal(long number) {
    return number == 0 || number == VtyConsole.UNIT;
  }

  private long setMode(Vcpu vcpu) {
    int flags = vcpu.gpr(4) >>> 8 == 0 ? (int) vcpu.gpr(4) : -1;
    return switch ((int) vcpu.gpr(5)) {
      case SET_MODE_LITTLE_ENDIAN -> {
        if (flags == 0 || flags == 1) {
          partition.vcpus().forEach(each -> each.interruptsLittleEndian(flags == 1));
        }
        yield flags == 0 || flags == 1 ? Hcall.SUCCESS : Hcall.UNSUPPORTED_FLAG;
      }
      case SET_MODE_INTERRUPT_LOCATION -> {
        if (flags == 0 || flags == 3) {
          partition.vcpus().forEach(each -> each.alternateInterruptLocation(flags));
        }
        yield flags == 0 || flags == 3 ? Hcall.SUCCESS : Hcall.UNSUPPORTED_FLAG;
      }
      default -> Hcall.P2;
    };
  }

  private long registerProcessTable(Vcpu vcpu) {
    long flags = vcpu.gpr(4);
    long base = vcpu.gpr(5);
    long size = vcpu.gpr(7);
    if ((flags & PROC_TABLE_NEW) == 0) {
      partition.vcpus().forEach(each -> each.processTable(0, -1));
      return Hcall.SUCCESS;
    }
    if ((flags & PROC_TABLE_RADIX) == 0) {
      return Hcall.PARAMETER;
    }
    if ((base & 0xfff) != 0 || base < 0) {
      return Hcall.P2;
    }
    if (size < 0 || size > 24) {
      return Hcall.P4;
    }
    partition.vcpus().forEach(each -> each.processTable(base, (int) size));
    processTables.registered(base, (int) size + 12);
    return Hcall.SUCCESS;
  }

  private long cacheInhibited(Vcpu vcpu, int number) {
    long size = vcpu.gpr(4);
    long gpa = vcpu.gpr(5);
    boolean sized = size == 1 || size == 2 || size == 4 || size == 8;
    if (!sized || gpa < 0) {
      return Hcall.PARAMETER;
    }
    ByteOrder order = vcpu.littleEndian() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    if (number == Hcall.LOGICAL_CI_LOAD) {
      vcpu.gpr(4, partition.space().read(gpa, (int) size, order));
    } else {
      partition.space().write(gpa, (int) size, vcpu.gpr(6), order);
    }
    return Hcall.SUCCESS;
  }
}
