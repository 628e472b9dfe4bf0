/**
 * A device tree in memory: ordered nodes with ordered properties, nothing of any binding.
 *
 * <p>Values are big-endian bytes, as in the flattened form (Devicetree Specification v0.4, section
 * 2.2.4). Trees are built and changed by one thread; a tree that is no longer changed may be read
 * by many. Nothing here recurses, so the depth of a tree is bounded by its reader, not by the
 * stack.
 */
package org.nvlink2vmm.dt.tree;
