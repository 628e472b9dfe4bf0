/**
 * Simulated guests: programs that see of their machine only what a guest can see. A {@link
 * org.nvlink2vmm.vmm.guest.Guest} gets the address of its device tree, loads and stores of
 * guest-physical addresses, RTAS and hypercalls, and a clock; nothing of the monitor behind them.
 *
 * <p>A guest trusts nothing that it reads either: a machine under test may be wrong, and the
 * guest's job is to say how.
 */
package org.nvlink2vmm.vmm.guest;
