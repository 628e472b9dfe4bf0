/* GPU memory as ordinary memory of its own NUMA node: one block is added, onlined and used. */

enum { MPOL_DEFAULT = 0, MPOL_BIND = 2, MPOL_F_NODE = 1, MPOL_F_ADDR = 2 };

static char *lower_hex(char *into, u64 value)
{
	int shift = 60, n = 0;

	into[n++] = '0';
	into[n++] = 'x';
	while (shift && !(value >> shift & 15))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		into[n++] = "0123456789abcdef"[value >> shift & 15];
	into[n] = 0;
	return into;
}

static void use_page_of(u32 node)
{
	ul mask[16] = {0};
	long at = sys(SYS_mmap, 0, 0x10000, 3, 0x22, -1, 0);
	int got = -1;

	mask[node / 64] |= 1ul << node % 64;
	check("a policy for the GPU's node is accepted",
	      sys(SYS_mbind, at, 0x10000, MPOL_BIND, (long)mask, 1024, 0) == 0);
	*(volatile u64 *)at = 0x1234;
	sys(SYS_get_mempolicy, (long)&got, 0, 0, at, MPOL_F_NODE | MPOL_F_ADDR, 0);
	check("the page comes from the GPU's node", got == (int)node);
	check("the page holds what was written", *(volatile u64 *)at == 0x1234);
}

static void hot_add(u64 base, u32 node)
{
	static char path[256], text_of[32], block[64];
	long n = slurp("/sys/devices/system/memory/block_size_bytes", block, sizeof block - 1);
	u64 size;

	if (n <= 0)
		return;
	block[n] = 0;
	size = parse_hex(block);
	text("HOTADD ");
	hex(base, 16);
	text(" node ");
	number(node);
	put('\n');
	n = spit("/sys/devices/system/memory/probe", lower_hex(text_of, base));
	check("a block of GPU memory can be added", n == 0);
	if (n < 0)
		return;
	join(path, "/sys/devices/system/memory/memory", decimal(text_of, base / size), "/state");
	check("the block goes online", spit(path, "online_movable") == 0);
	show_file("NODES-MEMORY", "/sys/devices/system/node/has_memory");
	use_page_of(node);
}

/* The last GPU's memory: the first one's carries the pattern. */
static void check_hot_add(void)
{
	u8 npu[4], cells[4], reg[16], associativity[64];
	int i;

	for (i = function_count - 1; i >= 0; i--)
		if (functions[i].vendor == 0x10de && property(&functions[i], "ibm,npu", npu, 4) >= 4) {
			u32 size;

			if (property_of_phandle(be32(npu), "memory-region", cells, 4) != 4)
				continue;
			if (property_of_phandle(be32(cells), "reg", reg, 16) != 16)
				continue;
			size = property_of_phandle(be32(cells), "ibm,associativity", associativity,
						   sizeof associativity);
			if (size < 20)
				continue;
			/* The reference point is the fourth domain. */
			hot_add(be64(reg), be32(associativity + 16));
			return;
		}
}
