/** Shootdown registers and what they do. A launch runs on the thread that writes it. */
package org.nvlink2vmm.npu2.atsd;
