/* A pseries guest without an operating system: hypercalls, console, the tree's RTAS tokens. */
#ifndef BARE_H
#define BARE_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

static long hypercall(long number, long a, long b, long c, long d)
{
	register long r3 asm("r3") = number;
	register long r4 asm("r4") = a;
	register long r5 asm("r5") = b;
	register long r6 asm("r6") = c;
	register long r7 asm("r7") = d;

	asm volatile("sc 1"
		     : "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
		     :
		     : "r0", "r8", "r9", "r10", "r11", "r12", "cr0", "cr1", "cr5", "cr6", "cr7",
		       "ctr", "xer", "memory");
	return r3;
}

static u64 packed[2];
static int gathered;

static void flush(void)
{
	/* H_PUT_TERM_CHAR */
	while (hypercall(0x58, 0x71000000, gathered, packed[0], packed[1]) == 1)
		;
	packed[0] = packed[1] = 0;
	gathered = 0;
}

static void put(char c)
{
	packed[gathered / 8] |= (u64)(u8)c << (56 - 8 * (gathered % 8));
	if (++gathered == 16 || c == '\n')
		flush();
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(u64 value)
{
	int shift;

	for (shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static u32 be32(const u8 *at)
{
	return (u32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* The first property of that name in the tree, as a cell. */
static u32 cell_named(const u8 *tree, const char *name)
{
	const u8 *at = tree + be32(tree + 8);
	const char *strings = (const char *)tree + be32(tree + 12);

	for (;;) {
		u32 token = be32(at);

		at += 4;
		if (token == 1) {
			while (*at)
				at++;
			at = (const u8 *)(((u64)at + 4) & ~3ul);
		} else if (token == 3) {
			if (same(strings + be32(at + 4), name))
				return be32(at + 8);
			at += 8 + ((be32(at) + 3) & ~3u);
		} else if (token == 9) {
			return 0;
		}
	}
}

static void power_off(const u8 *tree, u32 status)
{
	static u32 block[8];

	block[0] = cell_named(tree, "power-off");
	block[1] = 2;
	block[2] = 1;
	block[3] = status;
	hypercall(0xf000, (long)block, 0, 0, 0);
	for (;;)
		;
}

#endif
