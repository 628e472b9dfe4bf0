/**
 * What the device tree of an OPAL host says about its GPUs, NVLink bridges and NPUs.
 *
 * <p>Everything is found by references: {@code compatible}, PCI ids and phandles, never by the name
 * of a node. The records are views: each carries its {@link org.nvlink2vmm.dt.tree.Node} and reads
 * a property when it is asked, so a damaged tree answers "absent" at the very step at which the
 * kernel would find it absent, and nothing fails as a whole. Sources of the binding: skiboot
 * hw/npu2.c, hw/npu2-common.c and doc/device-tree/nvlink.rst; Linux
 * arch/powerpc/platforms/powernv/npu-dma.c.
 *
 * <p>Input: host trees from files of unknown origin. Only contradictions (two PCI functions or two
 * host bridges at one address) are errors, named with both paths. Views are as thread-safe as the
 * tree: one that is no longer changed may be read by many.
 */
package org.nvlink2vmm.dt.powernv;
