/* Times tight loops by the time base and prints how many million instructions a second they make. */
#include "bare.h"

static u64 time_base(void)
{
	u64 ticks;

	asm volatile("mftb %0" : "=r"(ticks));
	return ticks;
}

static void report(const char *name, u64 instructions, u64 ticks)
{
	/* 512 MHz; long loops, so that the interrupted ones do not matter. */
	u64 mips = instructions / (ticks / 512 + 1), divisor = 1000000;

	text(name);
	put(' ');
	while (divisor > 1 && mips / divisor == 0)
		divisor /= 10;
	for (; divisor; divisor /= 10)
		put('0' + mips / divisor % 10);
	text(" MIPS\n");
}

/* A page of its own: stores beside instructions are another matter. */
static u64 memory[512] __attribute__((aligned(4096)));

static void registers(u64 rounds)
{
	u64 a = 1, b = 2, c = 3, start = time_base();

	asm volatile("mtctr %3; 1: add %0,%0,%1; addi %1,%1,1; xor %2,%1,%0; sldi %2,%2,2; "
		     "subf %0,%2,%0; bdnz 1b"
		     : "+r"(a), "+b"(b), "+r"(c)
		     : "r"(rounds)
		     : "ctr");
	report("registers", 6 * rounds, time_base() - start);
}

static void loads_and_stores(u64 rounds)
{
	u64 a = 1, t, start = time_base();

	asm volatile("mtctr %3; 1: ld %1,0(%2); add %1,%1,%0; std %1,8(%2); addi %0,%0,1; "
		     "cmpdi %1,0; beq 2f; nop; 2: bdnz 1b"
		     : "+b"(a), "=&r"(t)
		     : "b"(memory), "r"(rounds)
		     : "ctr", "cr0", "memory");
	report("loads and stores", 8 * rounds, time_base() - start);
}

static u64 __attribute__((noinline)) step(u64 value)
{
	return value & 1 ? 3 * value + 1 : value >> 1;
}

/* Calls and branches that nobody predicts: lengths of Collatz sequences. */
static void calls(u64 numbers)
{
	u64 steps = 0, start = time_base();

	for (u64 i = 1; i <= numbers; i++)
		for (u64 value = i; value != 1; value = step(value))
			steps++;
	/* About ten instructions a step, as gcc 12 compiles it. */
	report("calls", 10 * steps, time_base() - start);
}

void guest_main(const u8 *tree)
{
	for (int i = 0; i < 3; i++) {
		registers(20000000);
		loads_and_stores(10000000);
		calls(20000);
	}
	power_off(tree, 0);
}
