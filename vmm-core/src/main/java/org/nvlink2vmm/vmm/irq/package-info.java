/**
 * Interrupt outputs of devices: where they go ({@link org.nvlink2vmm.vmm.irq.InterruptSink}), lines
 * that several functions share, messages, and the controller that both end at ({@link
 * org.nvlink2vmm.vmm.irq.InterruptController}). Nothing here blocks or takes a lock.
 */
package org.nvlink2vmm.vmm.irq;
