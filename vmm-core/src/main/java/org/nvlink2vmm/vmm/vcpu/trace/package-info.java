/**
 * What a guest executes, as text. {@link org.nvlink2vmm.vmm.vcpu.trace.InstructionLog} writes one
 * line an instruction, of a window that keeps it finite:
 *
 * <pre>
 * cpu 0 1048576 c000000000bf0e44 start_kernel+0x14 7c0802a6 mfspr r0=c00000000000c9fc
 * </pre>
 *
 * <p>The fields, separated by blanks: "cpu" and the thread's number; instructions that the thread
 * completed before this one; effective address; symbol and offset, "-" without; instruction word;
 * mnemonic without the suffixes of record, overflow and link bits; then the registers that the
 * instruction left changed, as name=value, of r0-r31, lr, ctr, cr, xer and msr. Numbers behind the
 * first two are hexadecimal. An instruction that faults changes what its interrupt changes, and the
 * next line has the same number. A register that a hypercall or a debugger sets counts to the
 * instruction before. Two runs can be compared line by line, as far as both see the same time.
 *
 * <p>Threads of the guest write lines, each a whole one.
 */
package org.nvlink2vmm.vmm.vcpu.trace;
