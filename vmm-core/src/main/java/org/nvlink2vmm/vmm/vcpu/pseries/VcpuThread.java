package org.nvlink2vmm.vmm.vcpu.pseries;

import org.nvlink2vmm.vmm.trace.RecentAccesses;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/** A host thread that runs one of a guest. */
final class VcpuThread extends Thread implements RecentAccesses.Processor {
  private final Vcpu vcpu;
  private final Runnable afterwards;

  VcpuThread(Vcpu vcpu, Runnable afterwards) {
    super("cpu " + vcpu.id());
    this.vcpu = vcpu;
    this.afterwards = afterwards;
    setDaemon(true);
  }

  @Override
  public void run() {
    vcpu.run();
    afterwards.run();
  }

  @Override
  public long returnAddress() {
    return vcpu.lr();
  }

  @Override
  public long instructions() {
    return vcpu.instructions();
  }
}
