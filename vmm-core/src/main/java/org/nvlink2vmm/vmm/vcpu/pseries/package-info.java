/**
 * What a pseries guest asks of its platform: hypercalls, run-time services (RTAS), the XICS
 * interrupt controller, the console, power. {@link org.nvlink2vmm.vmm.vcpu.pseries.PseriesGuest}
 * puts a kernel, a tree and the threads together and runs them.
 *
 * <p>The guest supplies every argument: numbers select from fixed tables, counts are bounded before
 * they are used, addresses go to the address space, which bounds them. RTAS calls of other parts of
 * a machine, such as PCI configuration, are added to {@link
 * org.nvlink2vmm.vmm.vcpu.pseries.RtasTable} by name.
 *
 * <p>Sources: PAPR 2.9; Linux arch/powerpc/include/asm/hvcall.h; QEMU hw/ppc/spapr_hcall.c,
 * spapr_rtas.c, hw/intc/xics.c for numbers and answers.
 */
package org.nvlink2vmm.vmm.vcpu.pseries;
