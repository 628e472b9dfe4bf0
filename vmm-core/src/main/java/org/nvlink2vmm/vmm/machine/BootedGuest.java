package org.nvlink2vmm.vmm.machine;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.guest.GuestMachine;
import org.nvlink2vmm.vmm.guest.GuestStopped;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.spapr.Rtas;

/** What a guest sees of a machine. */
final class BootedGuest implements GuestMachine {
  /** H_SUCCESS and H_PARAMETER of PAPR. */
  private static final long H_SUCCESS = 0;

  private static final long H_PARAMETER = -4;

  private final AddressSpace memory;
  private final Rtas rtas;
  private final long tree;
  private final ProcessTables processTables;
  private final LowLevelErrors errors;

  BootedGuest(Machine machine, long tree) {
    this.memory = machine.spapr().memory();
    this.rtas = machine.spapr().rtas();
    this.tree = tree;
    this.processTables = new ProcessTables(machine);
    this.errors = machine.errors();
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
    long value = rtas.readPciConfig(buid, configAddress, size);
    stopAfterError();
    return value;
  }

  @Override
  public int writePciConfig(long buid, int configAddress, int size, int value) {
    int status = rtas.writePciConfig(buid, configAddress, size, value);
    stopAfterError();
    return status;
  }

  @Override
  public long registerProcessTable(long gpa, int sizeShift) {
    stopAfterError();
    return processTables.register(gpa, sizeShift) ? H_SUCCESS : H_PARAMETER;
  }

  @Override
  public long putTce(long liobn, long iova, long tce) {
    stopAfterError();
    return rtas.window(liobn).map(window -> (long) window.put(iova, tce)).orElse(H_PARAMETER);
  }

  private void stopAfterError() {
    if (errors.raised()) {
      throw new GuestStopped(LowLevelErrors.STOPPED);
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }
}
