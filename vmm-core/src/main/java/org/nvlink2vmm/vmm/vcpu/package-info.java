/**
 * The processor: a POWER9 thread, fixed point only (vector registers can be loaded and stored,
 * since stock kernels copy pages with them), interpreted, and compiled where a profile finds the
 * time spent. It knows an address space, a hypervisor to call and a time base, and nothing of the
 * machine around it.
 *
 * <p>A {@link org.nvlink2vmm.vmm.vcpu.Partition} holds what the threads of a guest share; each
 * {@link org.nvlink2vmm.vmm.vcpu.Vcpu} runs on one host thread. Everything a guest executes is
 * hostile input: addresses are translated and bounded before use, an access outside memory is the
 * address space's business, table walks have a fixed depth, and an instruction that does not exist
 * becomes the guest's own program interrupt. Guests cannot make this package throw, allocate
 * without bound, or loop without looking at {@link org.nvlink2vmm.vmm.vcpu.Vcpu#stop}.
 *
 * <p>Decoded instructions and compiled blocks are shared by the threads of a partition; they are
 * read without a lock, and blocks come and go under one. How many there are is bounded, and a page
 * that changes all the time is left to the interpreter. {@link
 * org.nvlink2vmm.vmm.vcpu.Partition#executionMode} says how a guest is executed.
 *
 * <p>Sources: Power ISA 2.07B and 3.0B; for what they leave undefined, QEMU target/ppc.
 */
package org.nvlink2vmm.vmm.vcpu;
