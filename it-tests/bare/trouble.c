/*
 * Ends badly, in the way that the first four letters of its arguments say: loop, fall, wait, or with
 * status 3. What it does to a device before is in the report.
 */
#include "bare.h"

static u32 config_read(const u8 *tree, u32 address)
{
	static u32 block[16];

	block[0] = cell_named(tree, "ibm,read-pci-config");
	block[1] = 4;
	block[2] = 2;
	block[3] = address;
	block[4] = 0x8000000;
	block[5] = 0x20000000;
	block[6] = 4;
	hypercall(0xf000, (long)block, 0, 0, 0);
	return block[8];
}

static void __attribute__((noinline)) ring(volatile u64 *doorbell)
{
	*doorbell = 0x1122334455667788;
	asm volatile("" : : : "memory");
}

void __attribute__((noinline)) dead_end(void)
{
	asm volatile("nop; b .");
}

void __attribute__((noinline)) falls(void)
{
	asm volatile("nop; .long 0x00000123");
}

void __attribute__((noinline)) waits(void)
{
	volatile u32 never = 0;

	while (!never)
		;
}

void guest_main(const u8 *tree)
{
	text("vendor ");
	hex(config_read(tree, 0x800));
	put('\n');
	ring((volatile u64 *)0x300000000000);
	switch (cell_named(tree, "bootargs")) {
	case 0x6c6f6f70:
		dead_end();
		break;
	case 0x66616c6c:
		falls();
		break;
	case 0x77616974:
		waits();
		break;
	}
	power_off(tree, 3);
}
