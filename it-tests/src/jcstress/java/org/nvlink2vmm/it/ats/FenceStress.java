package org.nvlink2vmm.it.ats;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.nio.ByteOrder;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.PhyBus;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.v100.ram.Aperture;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A link is fenced while the processor loads from the GPU's memory: whoever reads the fence in the
 * link's register before its load gets all ones. The first number: 1 the fence was seen; the
 * second: 1 the load got data.
 */
@JCStressTest
@Outcome(id = "0, 0|0, 1", expect = ACCEPTABLE, desc = "no fence seen")
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "behind the fence nothing is read")
@Outcome(id = "1, 1", expect = FORBIDDEN, desc = "a load passed the fence")
@State
public class FenceStress {
  private static final long BASE = 0x400_0000_0000L;
  private static final GpuRam RAM = new GpuRam("gpu", 1 << 16);

  private final AddressSpace physical = new AddressSpace("host", 1L << 50);
  private final Aperture aperture =
      new Aperture("gpu", physical, BASE, 1 << 20, RAM, (hpa, size, write) -> {});
  private final Brick brick = new Brick(0, new PhyBus(), PhyFault.NONE, () -> 0, this::changed);

  public FenceStress() {
    brick.applyImpedance();
    brick.releaseLanes();
    brick.finishDcCalibration();
    brick.finishReceiverTraining();
    brick.programCredits();
    brick.releaseDl();
    brick.unfence();
  }

  private void changed() {
    aperture.linksChanged(brick.carries());
  }

  @Actor
  public void reset() {
    brick.fenceOff();
  }

  @Actor
  public void processor(II_Result result) {
    result.r1 = brick.readNtlu(0x500) >>> 62 == 3 ? 1 : 0;
    result.r2 = physical.read(BASE, 4, ByteOrder.LITTLE_ENDIAN) == 0 ? 1 : 0;
  }
}
