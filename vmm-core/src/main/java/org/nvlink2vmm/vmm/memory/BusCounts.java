package org.nvlink2vmm.vmm.memory;

import java.util.concurrent.atomic.LongAdder;

/** Accesses that a bus could not carry out: how many of each kind, and where the last one went. */
public final class BusCounts {
  private final LongAdder unclaimedReads = new LongAdder();
  private final LongAdder unclaimedWrites = new LongAdder();
  private final LongAdder refusedReads = new LongAdder();
  private final LongAdder refusedWrites = new LongAdder();
  private volatile long lastAddress;

  void unclaimedRead(long gpa) {
    unclaimedReads.increment();
    lastAddress = gpa;
  }

  void unclaimedWrite(long gpa) {
    unclaimedWrites.increment();
    lastAddress = gpa;
  }

  void refusedRead(long gpa) {
    refusedReads.increment();
    lastAddress = gpa;
  }

  void refusedWrite(long gpa) {
    refusedWrites.increment();
    lastAddress = gpa;
  }

  /** Reads that no region claimed. */
  public long unclaimedReads() {
    return unclaimedReads.sum();
  }

  /** Writes that no region claimed. */
  public long unclaimedWrites() {
    return unclaimedWrites.sum();
  }

  /** Reads of a width or alignment that the region's rules refuse. */
  public long refusedReads() {
    return refusedReads.sum();
  }

  /** Writes of a width or alignment that the region's rules refuse. */
  public long refusedWrites() {
    return refusedWrites.sum();
  }

  /** The address of the last access that was counted here; 0 when there was none. */
  public long lastAddress() {
    return lastAddress;
  }
}
