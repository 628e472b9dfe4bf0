package org.nvlink2vmm.npu2.atsd;

/** What a driver can do wrong with shootdowns, and what comes of it on the machine. */
public enum Mistake {
  LAUNCH_WHILE_BUSY(0, "LAUNCH written while STAT was busy: the launch is lost"),
  NO_POLL(1, "STAT was never read as 0 after the launch before: the page may be reused too early"),
  NO_FRESH_AVA(
      2,
      "LAUNCH by address without an AVA written since the launch before: no barrier between AVA and"
          + " LAUNCH, the address of the previous shootdown is used"),
  NO_PARTITION(3, "LAUNCH through a register set that has no LPID: nothing is invalidated"),
  BAD_PAGE_SIZE(4, "LAUNCH by address with a page size that NPU and GPU do not support"),
  UNTRAINED_LINK(5, "LAUNCH for a GPU whose link was never trained: STAT stays busy"),
  ONE_NPU_OF_TWO(6, "a page was used after a shootdown that reached only another NPU's GPUs"),
  WRONG_PID(7, "a page was used after a shootdown of its address for another PID"),
  WRONG_PAGE_SIZE(8, "a page was used after a shootdown with a smaller page size than its own"),
  NO_SHOOTDOWN(9, "a page was used after its translation changed, without any shootdown of it"),
  NO_FLUSH(
      10,
      "a page was used and shot down without flush (F = 1), and no launch with flush came since:"
          + " accesses in flight may end after STAT read 0");

  private final int number;
  private final String text;

  Mistake(int number, String text) {
    this.number = number;
    this.text = text;
  }

  /** 0 and up, the same in all versions. */
  int number() {
    return number;
  }

  /**
   * Whether it costs time only: known drivers take any free register set of their list, though only
   * that of a GPU's first link knows the partition.
   */
  boolean isHarmless() {
    return this == NO_PARTITION;
  }

  /** One sentence, without a stop. */
  public String text() {
    return text;
  }
}
