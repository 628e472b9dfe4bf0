/**
 * Device tree source: text in and out, as dtc reads and writes it.
 *
 * <p>Texts come from users' files. {@link org.nvlink2vmm.dt.dts.DtsLimits} bounds what reading one
 * may cost; includes never leave the folder of the first file. Stateless, any thread.
 */
package org.nvlink2vmm.dt.dts;
