package org.nvlink2vmm.vmm.guest;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.nvlink2vmm.vmm.guest.EngineChannel.Counters;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;

/**
 * Boots as {@link NvlinkProbe} does; then as many threads as there are GPUs move data by effective
 * addresses between system memory and the memory of GPUs, change page tables, shoot down, and reuse
 * the pages, each against a plain model of what memory must hold.
 */
public final class AtsStress implements Guest {
  private static final int SHARED_PID = 0x200;
  private static final int FIRST_PID = 0x100;

  /** One room of the guest's memory is the shared page's. */
  private static final int MOST_THREADS = Math.min(EngineChannel.CHANNELS, GuestRam.OWNERS - 1);

  private final Duration load;

  /**
   * The guest.
   *
   * @param load how long the threads work
   */
  public AtsStress(Duration load) {
    this.load = load;
  }

  @Override
  public String name() {
    return "ats-stress";
  }

  @Override
  public String description() {
    return "moves data by effective addresses from a thread a GPU while page tables change";
  }

  @Override
  public GuestReport run(GuestMachine machine) {
    Checks checks = new Checks();
    Optional<GuestBoot> boot = GuestBoot.of(machine, checks);
    return boot.isPresent() ? run(machine, boot.get()) : GuestBoot.failed(name(), checks);
  }

  private GuestReport run(GuestMachine machine, GuestBoot boot) {
    GpuBringUp bringUp = new GpuBringUp(machine, boot.checks());
    List<GuestReport.Gpu> reports = boot.gpus().stream().map(bringUp::bringUp).toList();
    bringUp.finish();
    List<AtsGpu> gpus = AtsGpu.of(machine, boot, reports);
    Optional<GuestRam> ram = GuestRam.of(machine, boot.tree());
    List<String> notes = new ArrayList<>();
    Ats ats = new Ats(0, 0);
    if (gpus.isEmpty() || ram.isEmpty()) {
      boot.checks()
          .fail(
              "stress",
              gpus.isEmpty()
                  ? "no GPU with links, launch register and test engine"
                  : "less than 256 MiB of memory at 0");
    } else {
      long status = ram.get().registerProcessTable();
      if (boot.checks().check("proc-table", status == 0, "H_REGISTER_PROC_TBL gave " + status)) {
        ats = stress(machine, ram.get(), gpus, boot.checks(), notes);
      }
    }
    return boot.report(name(), reports, ats, notes);
  }

  private Ats stress(
      GuestMachine machine, GuestRam ram, List<AtsGpu> gpus, Checks checks, List<String> notes) {
    int threads = Math.min(gpus.size(), MOST_THREADS);
    SharedPage shared =
        new SharedPage(
            machine, SHARED_PID, ram.process(SHARED_PID, threads), GuestRam.data(threads), gpus);
    List<StressThread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int pid = FIRST_PID + i;
      workers.add(new StressThread(machine, i, pid, ram.process(pid, i), gpus, shared));
    }
    List<Counters> before = gpus.stream().map(gpu -> gpu.channel(0).counters()).toList();
    long start = machine.nanoTime();
    work(workers, start + load.toNanos());
    double seconds = (machine.nanoTime() - start) / 1e9;
    Counters caused = new Counters(0, 0, 0);
    for (int i = 0; i < gpus.size(); i++) {
      caused = caused.plus(gpus.get(i).channel(0).counters().since(before.get(i)));
    }
    return judge(workers, shared, caused, seconds, checks, notes);
  }

  private static void work(List<StressThread> workers, long deadline) {
    List<Thread> running = new ArrayList<>();
    for (StressThread worker : workers) {
      running.add(
          Thread.ofPlatform().name("guest-" + worker.index()).start(() -> worker.run(deadline)));
    }
    for (Thread thread : running) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          workers.forEach(StressThread::stop);
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Ats judge(
      List<StressThread> workers,
      SharedPage shared,
      Counters caused,
      double seconds,
      Checks checks,
      List<String> notes) {
    long operations = 0;
    long invalidations = shared.invalidations();
    long faults = 0;
    for (StressThread worker : workers) {
      operations += worker.operations();
      invalidations += worker.invalidations();
      faults += worker.faults();
      checks.check(
          "stress",
          worker.trouble().isEmpty(),
          "thread %d: %s"
              .formatted(
                  worker.index(),
                  worker
                      .trouble()
                      .orElse(worker.operations() + " operations agree with the model")));
    }
    long translations = caused.hits() + caused.misses();
    checks.check(
        "load",
        translations > 0 && invalidations > 0 && shared.moves() > 0,
        "%d operations, %d moves of the shared page".formatted(operations, shared.moves()));
    notes.add(
        String.format(
            Locale.ROOT,
            "%d threads, %.1f s, per second: %.0f operations, %.0f translations, %.0f hits,"
                + " %.0f walks, %.0f invalidations, %.0f entries dropped, %.0f faults",
            workers.size(),
            seconds,
            operations / seconds,
            translations / seconds,
            caused.hits() / seconds,
            caused.misses() / seconds,
            invalidations / seconds,
            caused.dropped() / seconds,
            faults / seconds));
    notes.add(blocks(workers, invalidations));
    return new Ats(translations, invalidations);
  }

  /** How the invalidations were cut. */
  private static String blocks(List<StressThread> workers, long all) {
    StringBuilder line = new StringBuilder("invalidations by block:");
    long left = all;
    for (Atsd.PageSize size : Atsd.PageSize.values()) {
      long some = workers.stream().mapToLong(worker -> worker.invalidations(size)).sum();
      left -= some;
      line.append(" %s %d,".formatted(size.text(), some));
    }
    return line.append(" others ").append(left).toString();
  }
}
