package org.nvlink2vmm.vmm.guest;

import java.nio.ByteOrder;

/** All that a guest can see and do. Any thread of the guest may call. */
public interface GuestMachine {
  /** Guest-physical address of the flattened device tree, as a kernel gets it in r3. */
  long deviceTree();

  /**
   * A load of 1, 2, 4 or 8 bytes.
   *
   * @return the number, zero-extended; all ones where nothing answers
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  long load(long gpa, int size, ByteOrder order);

  /**
   * A store of the low {@code size} bytes; lost where nothing answers.
   *
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  void store(long gpa, int size, long value, ByteOrder order);

  /**
   * RTAS {@code ibm,read-pci-config}.
   *
   * @param buid of the host bridge, from its {@code reg}
   * @param configAddress as PAPR has it: bus in bits 23:16, device and function in 15:8, register
   *     in 31:28 (high four bits) and 7:0
   * @param size 1, 2 or 4
   * @return the value, or the call's negative status
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  long readPciConfig(long buid, int configAddress, int size);

  /**
   * RTAS {@code ibm,write-pci-config}.
   *
   * @return the call's status, 0 for success
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  int writePciConfig(long buid, int configAddress, int size, int value);

  /**
   * The hypercall H_REGISTER_PROC_TBL with a radix table: where the guest keeps its process table.
   *
   * @param gpa of the table, aligned to its size
   * @param sizeShift log2 of its size in bytes
   * @return the call's status, 0 for H_SUCCESS
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  long registerProcessTable(long gpa, int sizeShift);

  /**
   * The hypercall H_PUT_TCE: maps a page of a DMA window.
   *
   * @param liobn of the window, from {@code ibm,dma-window} of its host bridge
   * @param iova bus address of the page, bytes
   * @param tce guest-physical address of a page, with bit 0 when devices may read it and bit 1 when
   *     they may write it
   * @return the call's status, 0 for H_SUCCESS
   * @throws GuestStopped on a strict machine, from the first low level error on
   */
  long putTce(long liobn, long iova, long tce);

  /** Nanoseconds since some moment, never backwards: the time base. */
  long nanoTime();
}
