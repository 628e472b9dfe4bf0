/** Interrupt outputs of devices. */
package org.nvlink2vmm.vmm.irq;
