package org.nvlink2vmm.vmm.vcpu.pseries;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.trace.RecentAccesses;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.TimeBase;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.nvlink2vmm.vmm.vcpu.boot.BootException;
import org.nvlink2vmm.vmm.vcpu.boot.BootPlan;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;
import org.nvlink2vmm.vmm.vcpu.boot.Loader;

/**
 * A guest that executes real instructions. Made in three steps, because the device tree names what
 * the first one decides: construct it; take {@link #plan} and the tokens of {@link #rtas} into the
 * tree, and add the run-time services of the machine's buses; {@link #run} with the tree's blob.
 *
 * <p>The kernel is entered as kexec enters one: r3 the tree, r5 zero, in real mode with everything
 * masked, in the byte order of its ELF file. Further threads wait where the kernel's secondaries
 * wait, 0x60 behind its start, with their number in r3.
 */
public final class PseriesGuest {
  private static final long SECONDARY_HOLD = 0x60;

  private final ElfImage kernel;
  private final KernelSymbols symbols;
  private final RecentAccesses recent = new RecentAccesses();
  private final BootPlan plan;
  private final Partition partition;
  private final RtasTable rtas = new RtasTable();
  private final VtyConsole console;
  private final PseriesHypervisor hypervisor;
  private final Loader loader;
  private final Power power = new Power();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile GuestExit.Reason reason = GuestExit.Reason.TIMEOUT;
  private volatile boolean ending;
  private volatile BooleanSupplier keepLooping = () -> false;
  private volatile int status;
  private volatile String lastWords = "";

  /**
   * Loads kernel and initial RAM disk into memory.
   *
   * @param ramSize bytes of main memory from guest-physical 0, one RAM region
   * @param realModeArea bytes of the first memory node of the tree
   * @param cpus threads, 1 or more
   * @param initrd empty for none
   * @throws BootException when something does not fit
   */
  public PseriesGuest(
      AddressSpace space,
      long ramSize,
      long realModeArea,
      int cpus,
      ElfImage kernel,
      MemorySegment initrd,
      VtyConsole console,
      DmaTables dmaTables) {
    this.kernel = kernel;
    this.symbols = new KernelSymbols(kernel);
    this.console = console;
    this.plan = BootPlan.of(kernel, initrd.byteSize(), Math.min(ramSize, realModeArea));
    this.partition = new Partition(space, ramSize, TimeBase.ofHost());
    this.loader = new Loader(space);
    this.hypervisor = new PseriesHypervisor(partition, console, rtas, dmaTables);
    for (int i = 0; i < cpus; i++) {
      partition.add(hypervisor);
    }
    partition.whenStuck(this::stuck);
    space.noteIn(recent);
    hypervisor.connectInterrupts();
    new PlatformCalls(partition, hypervisor, console, power).addTo(rtas);
    loader.kernel(kernel);
    loader.rtas(plan);
    loader.initrd(plan, initrd);
  }

  public BootPlan plan() {
    return plan;
  }

  public RtasTable rtas() {
    return rtas;
  }

  /** Where devices raise interrupts. */
  public Xics interrupts() {
    return hypervisor.interrupts();
  }

  public Partition partition() {
    return partition;
  }

  public PseriesHypervisor hypervisor() {
    return hypervisor;
  }

  /** The byte order of the kernel's file. */
  public ByteOrder byteOrder() {
    return kernel.littleEndian() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
  }

  /** Names for its addresses. */
  public KernelSymbols symbols() {
    return symbols;
  }

  /** The last accesses to devices: those to memory, and what others add. */
  public RecentAccesses recentAccesses() {
    return recent;
  }

  /** Ends it at once, as a debugger does. */
  public void kill() {
    end(GuestExit.Reason.KILLED);
  }

  public VtyConsole console() {
    return console;
  }

  /** Prepares all threads to start; {@link #run} does it itself. */
  public void reset(byte[] blob) {
    loader.tree(plan, blob);
    List<Vcpu> vcpus = partition.vcpus();
    for (Vcpu vcpu : vcpus) {
      long pc = vcpu.id() == 0 ? kernel.entry() : kernel.entry() + SECONDARY_HOLD;
      vcpu.reset(pc, kernel.littleEndian());
      vcpu.gpr(3, vcpu.id() == 0 ? plan.treeBase() : vcpu.id());
      vcpu.gpr(4, 0);
      vcpu.gpr(5, 0);
    }
  }

  /**
   * Stops all threads where they are, for a reason of the machine's. Any thread may call, a thread
   * of the guest too.
   */
  public synchronized void halt(String why) {
    if (!ending) {
      lastWords = why;
    }
    end(GuestExit.Reason.HALTED);
  }

  /**
   * Runs the guest until it ends or the time is over.
   *
   * @param blob the flattened device tree
   * @throws BootException when the blob does not fit its place
   */
  public GuestExit run(byte[] blob, Duration timeout) {
    reset(blob);
    return execute(timeout);
  }

  /** As {@link #run}, from the state that the threads are in. */
  public GuestExit execute(Duration timeout) {
    long start = System.nanoTime();
    for (Vcpu vcpu : partition.vcpus()) {
      power.launch(vcpu);
    }
    boolean interrupted = false;
    try {
      boolean inTime = ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
      ending = true;
      reason = inTime ? reason : GuestExit.Reason.TIMEOUT;
    } catch (InterruptedException e) {
      interrupted = true;
    }
    partition.vcpus().forEach(Vcpu::stop);
    power.join();
    Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    long instructions = partition.vcpus().stream().mapToLong(Vcpu::instructions).sum();
    return new GuestExit(reason, status, instructions, elapsed, notes());
  }

  private List<String> notes() {
    Postmortem postmortem = new Postmortem(partition, symbols, byteOrder());
    List<String> notes = new ArrayList<>();
    if (!lastWords.isEmpty()) {
      notes.add("guest: " + lastWords);
    }
    if (reason == GuestExit.Reason.ENDLESS_LOOP) {
      notes.addAll(postmortem.loops());
    }
    if (reason != GuestExit.Reason.POWER_OFF) {
      notes.addAll(postmortem.threads());
    }
    notes.addAll(postmortem.illegalInstructions());
    hypervisor
        .unknown()
        .forEach((name, count) -> notes.add(name + " is not offered, called " + count + " times"));
    return notes;
  }

  /** Asks, before a guest that loops for ever is ended, whether to let it. */
  public void keepLooping(BooleanSupplier keep) {
    keepLooping = keep;
  }

  private void stuck() {
    if (!keepLooping.getAsBoolean()) {
      end(GuestExit.Reason.ENDLESS_LOOP);
    }
  }

  private synchronized void end(GuestExit.Reason why) {
    if (ending) {
      return;
    }
    reason = why;
    ending = true;
    ended.countDown();
    partition.vcpus().forEach(Vcpu::stop);
  }

  private final class Power implements PowerControl {
    private final List<Thread> threads = new ArrayList<>();
    private int running;

    synchronized void launch(Vcpu vcpu) {
      running++;
      Thread thread = new VcpuThread(vcpu, this::stopped);
      threads.add(thread);
      thread.start();
    }

    private synchronized void stopped() {
      running--;
      if (running == 0 && !ending) {
        reason = GuestExit.Reason.STOPPED;
        ended.countDown();
      }
    }

    void join() {
      List<Thread> all;
      synchronized (this) {
        all = List.copyOf(threads);
      }
      for (Thread thread : all) {
        try {
          thread.join(5000);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void off(int exitStatus) {
      status = exitStatus;
      end(GuestExit.Reason.POWER_OFF);
    }

    @Override
    public void reset() {
      end(GuestExit.Reason.RESET);
    }

    @Override
    public void panic(String message) {
      lastWords = message;
      end(GuestExit.Reason.PANIC);
    }

    @Override
    public boolean running(int id) {
      return !partition.vcpus().get(id).stopped();
    }

    @Override
    public boolean start(int id, long pc, long r3) {
      Vcpu vcpu = partition.vcpus().get(id);
      if (running(id) || ended.getCount() == 0) {
        return false;
      }
      vcpu.reset(pc, kernel.littleEndian());
      vcpu.gpr(3, r3);
      vcpu.resume();
      launch(vcpu);
      return true;
    }
  }
}
