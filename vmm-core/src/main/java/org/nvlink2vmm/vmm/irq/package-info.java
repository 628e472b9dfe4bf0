/**
 * Interrupt outputs of devices: where they go ({@link org.nvlink2vmm.vmm.irq.InterruptSink}), lines
 * that several functions share, messages. Nothing here blocks or takes a lock.
 */
package org.nvlink2vmm.vmm.irq;
