/**
 * Instruction words and single-instruction arithmetic: pure functions, no state. Any 32-bit word
 * decodes, to {@link org.nvlink2vmm.vmm.vcpu.isa.Op#ILLEGAL} if to nothing else.
 */
package org.nvlink2vmm.vmm.vcpu.isa;
