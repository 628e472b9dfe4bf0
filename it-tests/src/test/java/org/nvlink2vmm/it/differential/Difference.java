package org.nvlink2vmm.it.differential;

import java.util.function.Predicate;

/**
 * A difference that is meant to be.
 *
 * @param request in words
 * @param when what the exchange must be, beside the answers
 * @param ours what our server answers, as {@link Answer#form} says it
 * @param library what the library answers
 * @param why who is right
 * @param reason in words
 */
record Difference(
    String request, Predicate<Exchange> when, String ours, String library, Why why, String reason) {

  /** What a difference rests on. */
  enum Why {
    /** The protocol's text or the kernel's VFIO has it so. */
    SPECIFICATION,
    /** A client in use needs it so. */
    CLIENT,
    /** The library's mistake, also by its own account. */
    LIBRARY_DEFECT,
    /** Either is allowed; ours is stricter with a client's mistake, or says less. */
    CHOICE
  }

  boolean explains(Exchange exchange) {
    return exchange.ours().form().equals(ours)
        && exchange.library().form().equals(library)
        && when.test(exchange);
  }
}
