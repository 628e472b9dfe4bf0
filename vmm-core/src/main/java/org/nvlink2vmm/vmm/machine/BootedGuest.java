package org.nvlink2vmm.vmm.machine;

import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.guest.GuestMachine;
import org.nvlink2vmm.vmm.guest.GuestStopped;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.spapr.Rtas;

/** What a guest sees of a machine. */
final class BootedGuest implements GuestMachine {
  /** H_SUCCESS and H_PARAMETER of PAPR. */
  private static final long H_SUCCESS = 0;

  private static final long H_PARAMETER = -4;

  /** Process tables have 4 KiB to 64 GiB (Power ISA 3.0 B, book III 5.7.6.1: PRTS 0 to 24). */
  private static final int MIN_TABLE_SHIFT = 12;

  private static final int MAX_TABLE_SHIFT = 36;

  private final Machine machine;
  private final AddressSpace memory;
  private final Rtas rtas;
  private final long tree;

  /** The NPUs whose errors stop the guest: none on a machine that is not strict. */
  private final List<Npu> watched;

  BootedGuest(Machine machine, long tree) {
    this.machine = machine;
    this.memory = machine.spapr().memory();
    this.rtas = machine.spapr().rtas();
    this.tree = tree;
    this.watched =
        machine.file().guest().strict()
            ? machine.host().map(host -> List.copyOf(npus(host))).orElse(List.of())
            : List.of();
  }

  @Override
  public long deviceTree() {
    return tree;
  }

  @Override
  public long load(long gpa, int size, ByteOrder order) {
    long value = memory.read(gpa, size, order);
    stopAfterError();
    return value;
  }

  @Override
  public void store(long gpa, int size, long value, ByteOrder order) {
    memory.write(gpa, size, value, order);
    stopAfterError();
  }

  @Override
  public long readPciConfig(long buid, int configAddress, int size) {
    return rtas.readPciConfig(buid, configAddress, size);
  }

  @Override
  public int writePciConfig(long buid, int configAddress, int size, int value) {
    return rtas.writePciConfig(buid, configAddress, size, value);
  }

  @Override
  public long registerProcessTable(long gpa, int sizeShift) {
    boolean sound =
        sizeShift >= MIN_TABLE_SHIFT
            && sizeShift <= MAX_TABLE_SHIFT
            && (gpa & ((1L << sizeShift) - 1)) == 0
            && memory.segment(gpa, 1L << sizeShift).isPresent();
    if (!sound) {
      return H_PARAMETER;
    }
    Partition partition =
        new Partition(MachineBuilder.LPID, memory, HostPlacement.scope(machine), gpa, sizeShift);
    machine.host().ifPresent(host -> npus(host).forEach(npu -> npu.registerPartition(partition)));
    return H_SUCCESS;
  }

  /** Where the error came from and what it hit is among the host's findings. */
  private void stopAfterError() {
    for (Npu npu : watched) {
      if (npu.unreachableAccesses() > 0) {
        throw new GuestStopped("stopped by a strict machine: nothing carried an access");
      }
    }
  }

  private static Set<Npu> npus(EmulatedHost host) {
    Set<Npu> npus = new HashSet<>();
    host.tree().gpus().forEach(gpu -> host.npuOf(gpu.bdf()).ifPresent(npus::add));
    return npus;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }
}
