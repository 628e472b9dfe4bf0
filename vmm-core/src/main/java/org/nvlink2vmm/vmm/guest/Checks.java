package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.guest.GuestReport.Check;
import org.nvlink2vmm.vmm.guest.GuestReport.Outcome;

/** Collects the checks of a run. */
final class Checks {
  private final List<Check> checks = new ArrayList<>();

  void ok(String id, String detail) {
    checks.add(new Check(id, Outcome.OK, detail));
  }

  void fail(String id, String detail) {
    checks.add(new Check(id, Outcome.FAIL, detail));
  }

  void skip(String id, String detail) {
    checks.add(new Check(id, Outcome.SKIP, detail));
  }

  /** One check from a condition; the detail is said either way. */
  boolean check(String id, boolean good, String detail) {
    checks.add(new Check(id, good ? Outcome.OK : Outcome.FAIL, detail));
    return good;
  }

  List<Check> all() {
    return checks;
  }
}
