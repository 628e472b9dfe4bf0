/**
 * The flattened device tree (Devicetree Specification v0.4, chapter 5): blobs in and out.
 *
 * <p>Blobs come from guests, files and other programs: hostile. {@link
 * org.nvlink2vmm.dt.fdt.FdtLimits} bounds what reading one may cost; nothing recurses, nothing is
 * allocated because a header claims it. Everything here is stateless and may be called from any
 * thread, as long as nobody changes the tree meanwhile.
 */
package org.nvlink2vmm.dt.fdt;
