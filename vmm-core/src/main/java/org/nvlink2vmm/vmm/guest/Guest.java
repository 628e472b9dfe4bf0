package org.nvlink2vmm.vmm.guest;

/** A guest program. Stateless; {@link #run} may be called for several machines. */
public interface Guest {
  /** The name by which {@code vmm run --guest} knows it. */
  String name();

  /** One line about what it does. */
  String description();

  /**
   * Boots on a machine that was just reset and runs to its end. A machine on which it cannot even
   * start is reported, not thrown.
   */
  GuestReport run(GuestMachine machine);
}
