/** BAR 0 by unit. Registers are declared one a line; each is a single word, changed atomically. */
package org.nvlink2vmm.v100.regs;
