/** Links between GPUs. */
package org.nvlink2vmm.v100.link;
