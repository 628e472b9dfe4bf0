package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.nvlink2vmm.npu2.atsd.AtsdCounts;
import org.nvlink2vmm.npu2.atsd.AtsdLaunch;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.atsd.Mistake;
import org.nvlink2vmm.npu2.atsd.MistakeLog;
import org.nvlink2vmm.npu2.atsd.ShootdownJournal;
import org.nvlink2vmm.npu2.atsd.StaleUses;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.PhyBus;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.npu2.regs.ErrorRegisters;
import org.nvlink2vmm.npu2.regs.ErrorRegisters.Cause;
import org.nvlink2vmm.npu2.xts.Xts;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.LinkWatcher;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.ats.TranslationCache;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.trace.ShootdownEvent;

/**
 * The NPU of one chip: six bricks on two PHYs, the translation service, eight ATSD register sets.
 *
 * <p>Threads: links, translations and shootdowns may be driven by any thread at once. Looking up a
 * GPU reads an array that does not change after construction.
 */
final class Npu2Chip implements Npu {
  /** Bricks of an NPU2. */
  static final int LINKS = 6;

  private static final long LINK_DOWN = TranslationAgent.answer(TranslationAgent.Fault.LINK_DOWN);

  private static final int LPARID_HV = 1 << 12;
  private static final int LPID_MASK = 0xfff;

  private final String name;
  private final Brick[] bricks = new Brick[LINKS];
  private final GpuLinks[] gpus;
  private final GpuLinks[] gpuOfLink = new GpuLinks[LINKS];
  private final Xts xts;
  private final AtsdRegisterSet[] atsd = new AtsdRegisterSet[Xts.ATSD_REGISTERS];
  private final AtsdCounts shootdowns = new AtsdCounts();
  private final MistakeLog mistakes;
  private final UnreachableLog unreachable;
  private final ErrorRegisters errors;
  private final List<Runnable> errorWatchers = new CopyOnWriteArrayList<>();
  private final StaleUses stale;

  /** Which GPU a link goes to, and the state of its PHY. {@code bdfn} -1: to no GPU. */
  record Wiring(int link, int bdfn, PhyFault fault) {}

  /**
   * @param name for reports
   * @param wirings in the order of the bridges' functions
   * @param number which NPU of the host
   * @param peCount PEs of the host bridge
   * @param journal the host's
   */
  Npu2Chip(
      String name,
      List<Wiring> wirings,
      LongSupplier nanoClock,
      int number,
      int peCount,
      ShootdownJournal journal) {
    this.name = name;
    stale = new StaleUses(number, journal);
    mistakes = new MistakeLog(name);
    unreachable = new UnreachableLog(name);
    PhyBus[] phys = {new PhyBus(), new PhyBus()};
    PhyFault[] faults = new PhyFault[LINKS];
    Arrays.fill(faults, PhyFault.NONE);
    wirings.forEach(wiring -> faults[wiring.link()] = wiring.fault());
    for (int link = 0; link < LINKS; link++) {
      int index = link;
      bricks[link] =
          new Brick(
              link, phys[link > 2 ? 1 : 0], faults[link], nanoClock, () -> linkChanged(index));
    }
    List<GpuLinks> found = new ArrayList<>();
    for (Wiring wiring : wirings) {
      if (wiring.bdfn() >= 0) {
        GpuLinks gpu = of(found, wiring.bdfn());
        gpu.add(bricks[wiring.link()]);
        gpuOfLink[wiring.link()] = gpu;
      }
    }
    gpus = found.toArray(new GpuLinks[0]);
    errors = new ErrorRegisters(List.of(bricks), peCount);
    mapPes(peCount);
    xts = new Xts(name, new LinksOfGpus());
    for (int i = 0; i < atsd.length; i++) {
      atsd[i] = new AtsdRegisterSet(i, this::launch, mistakes);
    }
  }

  /** One PE a GPU, from below the last two downwards, as Linux hands them out. */
  private void mapPes(int peCount) {
    for (int i = 0; i < gpus.length; i++) {
      for (Brick brick : gpus[i].bricks()) {
        errors.mapPe(brick.index(), Math.max(0, peCount - 3 - i), gpus[i].bdfn());
      }
    }
  }

  private static GpuLinks of(List<GpuLinks> gpus, int bdfn) {
    for (GpuLinks gpu : gpus) {
      if (gpu.bdfn() == bdfn) {
        return gpu;
      }
    }
    GpuLinks fresh = new GpuLinks(bdfn);
    gpus.add(fresh);
    return fresh;
  }

  Brick brick(int link) {
    return bricks[link];
  }

  AtsdRegisterSet atsd(int register) {
    return atsd[register];
  }

  Xts xts() {
    return xts;
  }

  AtsdCounts shootdowns() {
    return shootdowns;
  }

  StaleUses staleUses() {
    return stale;
  }

  MistakeLog mistakes() {
    return mistakes;
  }

  UnreachableLog unreachableLog() {
    return unreachable;
  }

  /** One line a kind of thing that a driver did and should not have done. */
  List<String> findings() {
    List<String> lines = new ArrayList<>(mistakes.lines());
    lines.addAll(unreachable.lines());
    lines.addAll(stale.lines(name));
    return lines;
  }

  @Override
  public NpuOpal opal() {
    return xts;
  }

  @Override
  public ErrorRegisters errors() {
    return errors;
  }

  @Override
  public TranslationAgent translations() {
    return xts;
  }

  @Override
  public void attach(int bdfn, TranslationCache cache) {
    GpuLinks gpu = find(bdfn);
    if (gpu != null) {
      gpu.attach(cache);
    }
  }

  @Override
  public boolean carries(int bdfn) {
    GpuLinks gpu = find(bdfn);
    return gpu != null && gpu.carries();
  }

  @Override
  public void watch(int bdfn, LinkWatcher watcher) {
    GpuLinks gpu = find(bdfn);
    if (gpu == null) {
      watcher.linksChanged(false);
    } else {
      gpu.watch(watcher);
    }
  }

  @Override
  public void unreachable(int bdfn, long hpa, int size, boolean write) {
    GpuLinks gpu = find(bdfn);
    boolean carries = gpu != null && gpu.carries();
    unreachable.add(bdfn, hpa, size, write, carries);
    if (gpu != null) {
      errors.raise(gpu.bricks().getFirst(), carries ? Cause.NO_MEMORY : Cause.NO_LINK, hpa);
    }
    errorWatchers.forEach(Runnable::run);
  }

  @Override
  public long unreachableAccesses() {
    return unreachable.count();
  }

  @Override
  public void onUnreachable(Runnable watcher) {
    errorWatchers.add(watcher);
  }

  @Override
  public void usedCached(
      int bdfn, int pid, long address, boolean write, long answer, int generation) {
    long now = xts.peek(bdfn, pid, address, write);
    if (now == LINK_DOWN || samePlace(answer, now, address)) {
      return;
    }
    GpuLinks gpu = find(bdfn);
    if (gpu != null && gpu.cache() != null) {
      int shift = TranslationAgent.pageShift(answer);
      stale.add(bdfn, pid, address, shift, gpu.cache(), generation);
    }
  }

  /** Whether both answers lead to one byte; a refusal leads nowhere. */
  private static boolean samePlace(long cached, long now, long address) {
    return now >= 0
        && TranslationAgent.hostAddress(cached, address)
            == TranslationAgent.hostAddress(now, address);
  }

  @Override
  public void busReset(int bdfn) {
    GpuLinks gpu = find(bdfn);
    if (gpu != null) {
      gpu.bricks().forEach(Brick::fenceOff);
    }
  }

  @Override
  public void registerPartition(Partition partition) {
    xts.registerPartition(partition);
  }

  @Override
  public void unregisterPartition(int lpid) {
    xts.unregisterPartition(lpid);
  }

  /** Resets the virtual host bridge: hot and complete reset the NTL of every link. */
  void reset(HostBridgeReset reset) {
    if (reset != HostBridgeReset.FUNDAMENTAL) {
      for (Brick brick : bricks) {
        brick.fenceOff();
      }
    }
  }

  private GpuLinks find(int bdfn) {
    for (GpuLinks gpu : gpus) {
      if (gpu.bdfn() == bdfn) {
        return gpu;
      }
    }
    return null;
  }

  private void linkChanged(int link) {
    GpuLinks gpu = gpuOfLink[link];
    if (gpu == null) {
      return;
    }
    gpu.refresh();
    if (gpu.carries()) {
      for (AtsdRegisterSet register : atsd) {
        register.retry();
      }
    }
  }

  private boolean launch(int register, long launch, long ava) {
    ShootdownEvent event = new ShootdownEvent();
    event.begin();
    boolean done = shootDown(register, launch, ava);
    event.finish(
        name, register, launch, AtsdLaunch.scope(launch), AtsdLaunch.pid(launch), ava, done);
    return done;
  }

  /** Carries a launch out, on the writing thread; false when a link keeps it from ending. */
  private boolean shootDown(int register, long launch, long ava) {
    shootdowns.launch();
    long lparid = xts.atsdLparid(register);
    if (lparid == 0) {
      mistakes.add(Mistake.NO_PARTITION, register, AtsdLaunch.pid(launch), ava);
      return true;
    }
    InvalidationScope scope = AtsdLaunch.scope(launch);
    int pageShift = AtsdLaunch.pageShift(launch);
    if (scope == InvalidationScope.ADDRESS && (pageShift == 0 || pageShift == 12)) {
      mistakes.add(Mistake.BAD_PAGE_SIZE, register, AtsdLaunch.pid(launch), ava);
      return true;
    }
    if (AtsdLaunch.dropsTranslations(launch)) {
      stale.launched(scope, AtsdLaunch.pid(launch), ava, pageShift);
    }
    boolean everyone = scope == InvalidationScope.ALL && (lparid & LPARID_HV) != 0;
    boolean done = true;
    for (int entry = 0; entry < Xts.CONTEXTS; entry++) {
      if (xts.takesShootdown(entry, (int) lparid & LPID_MASK, everyone)) {
        done &= shootDownOne(entry, register, launch, ava, scope, pageShift);
      }
    }
    return done;
  }

  private boolean shootDownOne(
      int entry, int register, long launch, long ava, InvalidationScope scope, int pageShift) {
    int link = xts.entryLink(entry);
    if (link < 0 || !bricks[link].everCarried()) {
      mistakes.add(Mistake.UNTRAINED_LINK, register, AtsdLaunch.pid(launch), ava);
      return false;
    }
    GpuLinks gpu = find(xts.entryBdfn(entry));
    if (gpu == null || gpu.cache() == null) {
      return true;
    }
    int pid = AtsdLaunch.pid(launch);
    boolean flush = !AtsdLaunch.noFlush(launch) || !xts.takesNoFlush();
    if (AtsdLaunch.dropsTranslations(launch)) {
      shootdowns.reached(gpu.cache().invalidate(scope, pid, ava, pageShift, flush));
      stale.takenBack(gpu.bdfn(), scope, pid, ava, pageShift, flush);
    } else if (flush) {
      gpu.cache().flush();
      stale.flushed(gpu.bdfn());
    }
    return true;
  }

  private final class LinksOfGpus implements Xts.Links {
    @Override
    public int firstLink(int bdfn) {
      GpuLinks gpu = find(bdfn);
      return gpu == null ? -1 : gpu.bricks().getFirst().index();
    }

    @Override
    public boolean carries(int bdfn) {
      return Npu2Chip.this.carries(bdfn);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
