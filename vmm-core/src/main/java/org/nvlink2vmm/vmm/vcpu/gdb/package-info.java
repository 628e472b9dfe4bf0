/**
 * A guest under gdb: the remote serial protocol over TCP, all threads stopped or all running.
 *
 * <p>{@link org.nvlink2vmm.vmm.vcpu.gdb.GdbServer} holds the guest from its first instruction until
 * a debugger lets it go, serves one debugger at a time and closes further connections. A debugger
 * that detaches or vanishes leaves the guest running without breakpoints; the next one stops it
 * again. While the guest is held its time base stands still.
 *
 * <p>Breakpoints are kept beside the guest, whose memory is not patched: threads look at them
 * before each instruction, one by one, and only while there are any. A stepped thread takes no
 * external or decrementer interrupt. A watchpoint is for stores and is noticed by the changed
 * value, after the instruction, whoever stored. Memory is read and written as the thread sees it,
 * leaves no reference or change bit, and device registers are not touched.
 *
 * <p>The g packet holds r0-r31, pc, msr, cr, lr, ctr, xer and some special purpose registers, each
 * in the byte order of the kernel's ELF file, the file that the debugger has loaded; memory is
 * bytes.
 *
 * <p>Whoever connects is trusted as the guest's owner but not to be well: a packet is bounded by
 * its buffer, numbers and hex digits are checked, breakpoints have a limit, a peer that does not
 * read is dropped. One thread serves the socket; those of the guest only tell it that they stopped.
 *
 * <p>Source: Debugging with GDB, appendix E, "GDB Remote Serial Protocol".
 */
package org.nvlink2vmm.vmm.vcpu.gdb;
