package org.nvlink2vmm.dt.check;

/**
 * What one rule says about one node, or about the tree.
 *
 * @param rule the rule's id
 * @param node path of the node, empty when the finding is about no particular one
 * @param reason for a broken rule what breaks in the guest, for a skipped one why; else the rule's
 *     title
 */
public record Finding(String rule, Outcome outcome, String node, String reason) {}
