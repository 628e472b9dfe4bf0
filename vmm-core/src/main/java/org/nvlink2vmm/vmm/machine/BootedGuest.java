package org.nvlink2vmm.vmm.machine;

import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.guest.GuestMachine;
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

  BootedGuest(Machine machine, long tree) {
    this.machine = machine;
    this.memory = machine.spapr().memory();
    this.rtas = machine.spapr().rtas();
    this.tree = tree;
  }

  @Override
  public long deviceTree() {
    return tree;
  }

  @Override
  public long load(long gpa, int size, ByteOrder order) {
    return memory.read(gpa, size, order);
  }

  @Override
  public void store(long gpa, int size, long value, ByteOrder order) {
    memory.write(gpa, size, value, order);
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
