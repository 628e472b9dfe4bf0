package org.nvlink2vmm.dt.check;

import java.util.List;

/** A rule as data, in the manner of dtc's checks.c; ids are dtc's where the rule is dtc's. */
public final class Rule {
  /** Looks at a tree and tells the reporter; saying nothing means that the rule holds. */
  @FunctionalInterface
  interface Check {
    void run(GuestTree guest, Reporter reporter);
  }

  private final String id;
  private final Severity severity;
  private final String title;
  private final boolean nvlinkOnly;
  private final List<String> requires;
  private final Check check;

  private Rule(
      String id,
      Severity severity,
      String title,
      boolean nvlinkOnly,
      List<String> requires,
      Check check) {
    this.id = id;
    this.severity = severity;
    this.title = title;
    this.nvlinkOnly = nvlinkOnly;
    this.requires = requires;
    this.check = check;
  }

  static Rule error(String id, String title, Check check) {
    return new Rule(id, Severity.ERROR, title, false, List.of(), check);
  }

  static Rule warning(String id, String title, Check check) {
    return new Rule(id, Severity.WARNING, title, false, List.of(), check);
  }

  /** An error in a tree with NVLink content, skipped for others. */
  static Rule nvlink(String id, String title, Check check) {
    return new Rule(id, Severity.ERROR, title, true, List.of(), check);
  }

  /** A rule of the acceptance list that no tree can show. */
  static Rule notInTree(String id, String title, String reason) {
    return nvlink(id, title, (guest, reporter) -> reporter.skip(reason));
  }

  Rule requiring(String... ids) {
    return new Rule(id, severity, title, nvlinkOnly, List.of(ids), check);
  }

  /** A stable name, for reports and for other people's scripts. */
  public String id() {
    return id;
  }

  public Severity severity() {
    return severity;
  }

  /** What holds in a sound tree, in a few words. */
  public String title() {
    return title;
  }

  /** Whether the rule is skipped for trees without NVLink content. */
  public boolean nvlinkOnly() {
    return nvlinkOnly;
  }

  /** Ids of rules without which this one cannot be judged. */
  public List<String> requires() {
    return requires;
  }

  void run(GuestTree guest, Reporter reporter) {
    check.run(guest, reporter);
  }

  @Override
  public String toString() {
    return id;
  }
}
