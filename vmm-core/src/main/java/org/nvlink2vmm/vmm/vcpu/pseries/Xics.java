package org.nvlink2vmm.vmm.vcpu.pseries;

import java.util.BitSet;
import java.util.Optional;
import org.nvlink2vmm.vmm.irq.InterruptController;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * The XICS interrupt controller as a guest reaches it by hypercalls and RTAS: one presenter a
 * thread, and a source controller whose inputs are the numbers from {@link #FIRST_SOURCE}. Priority
 * 0 is the most favoured, 255 is never delivered. All methods may be called by any thread; one lock
 * guards the state, and raising an interrupt does nothing longer under it.
 */
public final class Xics implements InterruptController {
  /** SPAPR_XIRQ_BASE of QEMU. */
  public static final int FIRST_SOURCE = 0x1000;

  /** SPAPR_NR_XIRQS of QEMU. */
  public static final int SOURCES = 0x1000;

  /** XISR of an interrupt from another thread. */
  private static final int IPI = 2;

  private static final int MASKED = 0xff;

  private final Presenter[] presenters;
  private final Source[] sources = new Source[SOURCES];

  /** The sources that are asserted: what a change of priority may let through. */
  private final BitSet asserted = new BitSet(SOURCES);

  private static final class Presenter {
    final Vcpu vcpu;
    int cppr;
    int mfrr = MASKED;
    int pending;
    int pendingPriority = MASKED;

    Presenter(Vcpu vcpu) {
      this.vcpu = vcpu;
    }
  }

  private static final class Source {
    int server;
    int priority = MASKED;
    int savedPriority = MASKED;
    boolean level;
    boolean delivered;
    volatile Optional<InterruptLine> line = Optional.empty();
  }

  Xics(Iterable<Vcpu> vcpus, int count) {
    presenters = new Presenter[count];
    int next = 0;
    for (Vcpu vcpu : vcpus) {
      presenters[next++] = new Presenter(vcpu);
    }
    for (int i = 0; i < SOURCES; i++) {
      sources[i] = new Source();
    }
  }

  private Source source(long number) {
    long index = number - FIRST_SOURCE;
    return index >= 0 && index < SOURCES ? sources[(int) index] : null;
  }

  private boolean hasServer(long server) {
    return server >= 0 && server < presenters.length;
  }

  private void set(int number, boolean on) {
    asserted.set(number - FIRST_SOURCE, on);
  }

  @Override
  public synchronized void changed(InterruptLine line) {
    Source source = source(line.number());
    if (source != null) {
      source.line = Optional.of(line);
      level(line.number(), line.isUp());
    }
  }

  @Override
  public synchronized void pulse(int number) {
    Source source = source(number);
    if (source != null) {
      set(number, true);
      source.level = false;
      source.delivered = false;
      deliver(number, source);
    }
  }

  /** A level: stays until it is lowered. */
  public synchronized void level(int number, boolean high) {
    Source source = source(number);
    if (source != null) {
      source.level = true;
      set(number, high);
      deliver(number, source);
    }
  }

  private void deliver(int number, Source source) {
    if (!asserted.get(number - FIRST_SOURCE) || source.delivered || source.priority == MASKED) {
      return;
    }
    Presenter presenter = presenters[source.server];
    if (source.priority >= presenter.cppr || source.priority >= presenter.pendingPriority) {
      return;
    }
    giveBack(presenter);
    source.delivered = true;
    set(number, source.level);
    presenter.pending = number;
    presenter.pendingPriority = source.priority;
    presenter.vcpu.external(true);
  }

  /** What was presented but not accepted goes back to where it came from. */
  private void giveBack(Presenter presenter) {
    Source source = source(presenter.pending);
    if (source != null) {
      source.delivered = false;
      set(presenter.pending, true);
    }
    presenter.pending = 0;
    presenter.pendingPriority = MASKED;
  }

  private void resend(Presenter presenter) {
    if (presenter.mfrr < presenter.cppr && presenter.mfrr < presenter.pendingPriority) {
      giveBack(presenter);
      presenter.pending = IPI;
      presenter.pendingPriority = presenter.mfrr;
    }
    for (int i = asserted.nextSetBit(0); i >= 0; i = asserted.nextSetBit(i + 1)) {
      if (presenters[sources[i].server] == presenter) {
        deliver(FIRST_SOURCE + i, sources[i]);
      }
    }
    presenter.vcpu.external(presenter.pending != 0);
  }

  /** H_CPPR. */
  synchronized long cppr(int server, long value) {
    Presenter presenter = presenters[server];
    presenter.cppr = (int) value & 0xff;
    if (presenter.pending != 0 && presenter.pendingPriority >= presenter.cppr) {
      giveBack(presenter);
    }
    resend(presenter);
    return Hcall.SUCCESS;
  }

  /** H_XIRR: accepts what is presented; CPPR in bits 24-31, the source below. */
  synchronized long accept(int server) {
    Presenter presenter = presenters[server];
    long xirr = (long) presenter.cppr << 24 | presenter.pending;
    if (presenter.pending != 0) {
      presenter.cppr = presenter.pendingPriority;
      presenter.pending = 0;
      presenter.pendingPriority = MASKED;
    }
    presenter.vcpu.external(false);
    return xirr;
  }

  /** H_EOI. A line's sources say first whether they still want an interrupt. */
  long end(int server, long xirr) {
    Source source = source(xirr & 0xffffff);
    if (source != null) {
      source.line.ifPresent(InterruptLine::ended);
    }
    return accepted(server, xirr);
  }

  private synchronized long accepted(int server, long xirr) {
    presenters[server].cppr = (int) (xirr >>> 24) & 0xff;
    Source source = source(xirr & 0xffffff);
    if (source != null) {
      source.delivered = false;
    }
    resend(presenters[server]);
    return Hcall.SUCCESS;
  }

  /** H_IPI. */
  synchronized long ipi(long server, long mfrr) {
    if (!hasServer(server)) {
      return Hcall.PARAMETER;
    }
    Presenter presenter = presenters[(int) server];
    presenter.mfrr = (int) mfrr & 0xff;
    if (presenter.pending == IPI && presenter.mfrr >= presenter.cppr) {
      giveBack(presenter);
    }
    resend(presenter);
    return Hcall.SUCCESS;
  }

  /** H_IPOLL: CPPR and source, as {@link #accept} but without accepting; -1 for no such server. */
  synchronized long poll(long server) {
    if (!hasServer(server)) {
      return -1;
    }
    Presenter presenter = presenters[(int) server];
    return (long) presenter.cppr << 24 | presenter.pending;
  }

  synchronized int mfrr(long server) {
    return hasServer(server) ? presenters[(int) server].mfrr : MASKED;
  }

  /** ibm,set-xive. False for a source or server that does not exist. */
  synchronized boolean route(int number, int server, int priority) {
    Source source = source(number);
    if (source == null || !hasServer(server)) {
      return false;
    }
    source.server = server;
    source.priority = priority & 0xff;
    source.savedPriority = source.priority;
    deliver(number, source);
    return true;
  }

  /** ibm,get-xive: server in bits 8 and up, priority in the low eight; -1 for no such source. */
  synchronized int routeOf(int number) {
    Source source = source(number);
    return source == null ? -1 : source.server << 8 | source.priority;
  }

  /** ibm,int-off and ibm,int-on. False for a source that does not exist. */
  synchronized boolean enable(int number, boolean on) {
    Source source = source(number);
    if (source == null) {
      return false;
    }
    if (on) {
      source.priority = source.savedPriority;
      deliver(number, source);
    } else {
      source.savedPriority = source.priority == MASKED ? source.savedPriority : source.priority;
      source.priority = MASKED;
    }
    return true;
  }
}
