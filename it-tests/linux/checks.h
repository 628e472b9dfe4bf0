/*
 * What the guest holds against the tree it was given. Every line begins with a word that the host
 * can look for; "ok" and "FAIL" lines are the verdicts.
 */

static u8 tree[0x200000];
static long tree_size;

static u32 failed_properties, seen_properties, seen_nodes;

/* /proc/device-tree against the blob that the kernel was entered with. */
static void compare_property(const char *path, const char *name, const u8 *value, u32 size)
{
	static u8 got[0x10000];
	static char file[512];
	long length = slurp(join(file, path[1] ? path : "", "/", name), got, sizeof got);
	u32 i;

	seen_properties++;
	if (length != size) {
		failed_properties++;
		text("DIFFER ");
		text(file);
		text(" length ");
		number(length);
		text(" expected ");
		number(size);
		put('\n');
		return;
	}
	for (i = 0; i < size; i++)
		if (got[i] != value[i]) {
			failed_properties++;
			text("DIFFER ");
			text(file);
			put('\n');
			return;
		}
}

static void walk_tree(void)
{
	static char path[512] = "/proc/device-tree";
	ul depth = length(path);
	const u8 *at = tree + be32(tree + 8);
	const char *strings = (const char *)tree + be32(tree + 12);
	const u8 *end = at + be32(tree + 36);
	int root = 1;

	while (at < end) {
		u32 token = be32(at);

		at += 4;
		if (token == 1) {
			ul n = length((const char *)at);

			seen_nodes++;
			if (!root) {
				path[depth++] = '/';
				memcpy(path + depth, at, n);
				depth += n;
				path[depth] = 0;
			}
			root = 0;
			at += (n + 4) & ~3ul;
		} else if (token == 2) {
			while (depth && path[depth] != '/')
				depth--;
			path[depth] = 0;
		} else if (token == 3) {
			u32 size = be32(at);

			compare_property(path, strings + be32(at + 4), at + 8, size);
			at += 8 + ((size + 3) & ~3u);
		} else if (token == 9) {
			break;
		}
	}
}

static void check_tree(void)
{
	u64 sum = 0xcbf29ce484222325;
	long i;

	tree_size = slurp("/sys/firmware/fdt", tree, sizeof tree);
	if (tree_size < 40) {
		check("/sys/firmware/fdt is there", 0);
		return;
	}
	/* FNV-1a of the blob: the host compares it with what it handed over. */
	for (i = 0; i < tree_size; i++)
		sum = (sum ^ tree[i]) * 0x100000001b3;
	walk_tree();
	text("TREE size ");
	number(tree_size);
	text(" fnv1a ");
	hex(sum, 16);
	text(" nodes ");
	number(seen_nodes);
	text(" properties ");
	number(seen_properties);
	put('\n');
	check("/proc/device-tree equals the blob", failed_properties == 0);
}

static void show_file(const char *word, const char *path)
{
	static char got[256];
	long n = slurp(path, got, sizeof got - 1);

	text(word);
	put(' ');
	if (n < 0)
		text("absent\n");
	else {
		got[n] = 0;
		text(got);
		if (!n || got[n - 1] != '\n')
			put('\n');
	}
}

static void show_nodes(void)
{
	show_file("KERNEL", "/proc/version");
	show_file("NODES-POSSIBLE", "/sys/devices/system/node/possible");
	show_file("NODES-ONLINE", "/sys/devices/system/node/online");
	show_file("NODES-MEMORY", "/sys/devices/system/node/has_memory");
	show_file("BLOCK-SIZE", "/sys/devices/system/memory/block_size_bytes");
	show_file("CPUS-ONLINE", "/sys/devices/system/cpu/online");
}

#include "pci.h"
#include "vfio.h"
#include "interrupts.h"
#include "hotadd.h"

static void checks(void)
{
	check_tree();
	show_nodes();
	check_pci();
	check_vfio();
	if (patterned)
		check_interrupts(patterned, patterned_fd);
	check_hot_add();
}
