package org.nvlink2vmm.vmm.ats;

/**
 * Who answers a GPU's translation requests: the NPU's XTS in front of the nest MMU.
 *
 * <p>Answers are numbers, since a translation is a hot path. A non-negative answer is a
 * host-physical page with its size: bits 62:12 the page address, bits 5:0 log2 of the page size,
 * bit 6 writable. A negative answer is a {@link Fault}.
 */
public interface TranslationAgent {
  /** The page may be written without asking again. */
  long WRITABLE = 1 << 6;

  /**
   * Translates for a device.
   *
   * @param requester PCI bus, device, function of the GPU, 16 bits
   * @param pid PASID of the process, 20 bits
   * @param address effective address, bytes
   * @param write whether the access writes
   * @return see the interface
   */
  long translate(int requester, int pid, long address, boolean write);

  /** The host-physical address of the page in an answer. */
  static long page(long answer) {
    return answer & ~0xfffL;
  }

  /** The host-physical address that an effective address has under an answer for it. */
  static long hostAddress(long answer, long address) {
    return page(answer) + (address & ((1L << pageShift(answer)) - 1));
  }

  /** log2 of the page size in an answer. */
  static int pageShift(long answer) {
    return (int) answer & 0x3f;
  }

  /** The answer that stands for a fault. */
  static long answer(Fault fault) {
    return fault.answer;
  }

  /** The fault in a negative answer. */
  static Fault fault(long answer) {
    return Fault.BY_NUMBER[(int) (-1 - answer)];
  }

  /** Why a translation was refused. */
  enum Fault {
    /** No valid BDF map entry for the requester. */
    NO_CONTEXT(-1),
    /** No valid PID map entry, or the PID is wider than the process table. */
    NO_PROCESS(-2),
    /** The process table or partition registration is missing or malformed. */
    BAD_PROCESS_TABLE(-3),
    /** An entry of the tree on the way is not valid. */
    NOT_PRESENT(-4),
    /** An entry is malformed: reserved bits, impossible sizes, unsupported radix geometry. */
    BAD_TREE(-5),
    /** The page exists but does not grant the access. */
    NO_PERMISSION(-6),
    /** A privileged page was asked for by a problem-state context, or the reverse. */
    PRIVILEGE(-7),
    /** A table or the page itself lies outside the guest's memory. */
    OUT_OF_PARTITION(-8),
    /** The link between GPU and NPU does not carry requests. */
    LINK_DOWN(-9);

    private static final Fault[] BY_NUMBER = values();

    private final long answer;

    Fault(long answer) {
      this.answer = answer;
    }
  }
}
