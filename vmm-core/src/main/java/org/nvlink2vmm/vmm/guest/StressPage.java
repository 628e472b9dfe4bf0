package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

/** A page that a {@link StressThread} uses, and the word that its used bytes consist of. */
final class StressPage {
  /** No page. */
  static final StressPage NONE = new StressPage(0, 0);

  private final long gpa;
  private final long data;
  private int content;

  /**
   * @param gpa guest-physical address, aligned to the page's size
   * @param data of the bytes that are used
   */
  StressPage(long gpa, long data) {
    this.gpa = gpa;
    this.data = data;
  }

  long gpa() {
    return gpa;
  }

  int content() {
    return content;
  }

  /** Says what the bytes must be from now on. */
  void expect(int word) {
    content = word;
  }

  /** The processor stores a word all over. */
  void store(GuestMachine machine, int word) {
    content = word;
    for (long at = 0; at < StressPlace.LENGTH; at += 4) {
      machine.store(data + at, 4, word, LITTLE_ENDIAN);
    }
  }

  /** Whether both ends are as they must be. */
  boolean isSound(GuestMachine machine) {
    return first(machine) == content && last(machine) == content;
  }

  private long first(GuestMachine machine) {
    return machine.load(data, 4, LITTLE_ENDIAN);
  }

  private long last(GuestMachine machine) {
    return machine.load(data + StressPlace.LENGTH - 4, 4, LITTLE_ENDIAN);
  }

  String complaint(GuestMachine machine) {
    return "stale use: the page at 0x%x holds 0x%x and 0x%x, expected 0x%x"
        .formatted(data, first(machine), last(machine), content);
  }
}
