package org.nvlink2vmm.dt.check;

/** What a rule found. */
public enum Outcome {
  OK("ok"),
  /** Broken, without keeping the guest from working. */
  WARN("warn"),
  /** Broken; the only outcome with which a tree does not pass. */
  FAIL("FAIL"),
  /** Not judged, for the reason given. */
  SKIP("skip");

  private final String label;

  Outcome(String label) {
    this.label = label;
  }

  /** The word for it in reports. */
  public String label() {
    return label;
  }
}
