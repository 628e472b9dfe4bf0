package org.nvlink2vmm.vmm.guest;

import java.util.List;
import java.util.OptionalInt;

/**
 * What a guest found and did.
 *
 * @param guest its name
 * @param pci the functions it found, in the order of the scan
 * @param gpus the GPUs among them, with their links
 * @param checks what it held against its expectations
 * @param notes lines for people: figures, remarks
 */
public record GuestReport(
    String guest,
    List<Function> pci,
    List<Gpu> gpus,
    List<Check> checks,
    Ats ats,
    List<String> notes) {
  public GuestReport {
    pci = List.copyOf(pci);
    gpus = List.copyOf(gpus);
    checks = List.copyOf(checks);
    notes = List.copyOf(notes);
  }

  /** Of a guest that could not go on; {@code why} is the detail of its one check, which failed. */
  public static GuestReport stopped(String guest, String why) {
    Check check = new Check("strict", Outcome.FAIL, why);
    return new GuestReport(guest, List.of(), List.of(), List.of(check), new Ats(0, 0), List.of());
  }

  /** Whether the guest is satisfied: no check failed. */
  public boolean passed() {
    return checks.stream().noneMatch(check -> check.outcome() == Outcome.FAIL);
  }

  /**
   * A PCI function.
   *
   * @param bdf as the guest's kernel would name it: domain is the number of the host bridge
   * @param classCode 24 bits
   */
  public record Function(String bdf, int vendor, int device, int classCode, List<Bar> bars) {
    public Function {
      bars = List.copyOf(bars);
    }
  }

  /**
   * A BAR as the guest sized and placed it.
   *
   * @param address guest-physical, bytes
   * @param kind {@code io}, {@code mem32}, {@code mem64}, {@code mem64-prefetchable}, ...
   */
  public record Bar(int index, long size, long address, String kind) {}

  /** A GPU; {@code tgt} is 0 and {@code memory} empty where it has no NVLink. */
  public record Gpu(String bdf, long tgt, List<Memory> memory, List<Link> links) {
    public Gpu {
      memory = List.copyOf(memory);
      links = List.copyOf(links);
    }
  }

  /** A coherent window: guest-physical base, bytes, the NUMA node of its memory node. */
  public record Memory(long base, long size, OptionalInt numaNode) {}

  /**
   * A link.
   *
   * @param bridge the bridge's BDF
   * @param index {@code ibm,npu-link-index}; -1 when it cannot be found
   * @param speed {@code ibm,nvlink-speed}; -1 when it is missing
   * @param atsd guest-physical address of the launch register used with it, 0 for none
   * @param trained whether training ended well
   */
  public record Link(String bridge, int index, int speed, long atsd, boolean trained) {}

  /** How a check ended. */
  public enum Outcome {
    OK,
    FAIL,
    SKIP
  }

  /** One expectation: the checklist's id, how it ended, a sentence. */
  public record Check(String id, Outcome outcome, String detail) {}

  /** Translations asked for and invalidations launched by the guest. */
  public record Ats(long translations, long invalidations) {}
}
