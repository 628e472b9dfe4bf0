/**
 * Guest code to JVM bytecode: a {@link org.nvlink2vmm.vmm.vcpu.compile.Region} of decoded
 * instructions becomes one class, by {@link org.nvlink2vmm.vmm.vcpu.compile.BlockCompiler}. Pure
 * functions from instructions to bytes: when to compile, and what happens to the result, is the
 * processor's business.
 *
 * <p>The instructions are hostile input. A region has a bounded number of them, the method that it
 * becomes a bounded length, and what does not fit is not compiled. Compiled code does to the
 * registers and to memory what the interpreter would have done, an instruction at a time: it stops
 * before an instruction that faults, counts instructions exactly, looks at each backward branch
 * whether it is wanted elsewhere, and leaves after a store that changed the code it came from.
 *
 * <p>Any thread may compile; nothing is shared.
 */
package org.nvlink2vmm.vmm.vcpu.compile;
