package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.vmm.ats.LinkWatcher;
import org.nvlink2vmm.vmm.ats.TranslationCache;

/** The links between an NPU and one GPU, and who is to hear of them. */
final class GpuLinks {
  private final int bdfn;
  private final List<Brick> bricks = new ArrayList<>();
  private final List<LinkWatcher> watchers = new CopyOnWriteArrayList<>();
  private final Object lock = new Object();
  private volatile boolean carries;
  private volatile TranslationCache cache;

  GpuLinks(int bdfn) {
    this.bdfn = bdfn;
  }

  int bdfn() {
    return bdfn;
  }

  void add(Brick brick) {
    bricks.add(brick);
  }

  List<Brick> bricks() {
    return bricks;
  }

  boolean carries() {
    return carries;
  }

  /** The GPU's cache; null before it is attached. */
  TranslationCache cache() {
    return cache;
  }

  void attach(TranslationCache gpu) {
    cache = gpu;
  }

  void watch(LinkWatcher watcher) {
    synchronized (lock) {
      watchers.add(watcher);
      watcher.linksChanged(carries);
    }
  }

  /** Looks at the bricks again. */
  void refresh() {
    synchronized (lock) {
      boolean now = false;
      for (Brick brick : bricks) {
        if (brick.carries()) {
          brick.noteCarrying();
          now = true;
        }
      }
      if (now != carries) {
        carries = now;
        for (LinkWatcher watcher : watchers) {
          watcher.linksChanged(now);
        }
      }
    }
  }
}
