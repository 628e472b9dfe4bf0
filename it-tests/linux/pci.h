/* PCI functions as the kernel found them, each against the properties of its own node. */

enum { MAX_FUNCTIONS = 64 };

static struct function {
	char name[16];
	u32 vendor, device;
} functions[MAX_FUNCTIONS];
static int function_count;

static u64 parse_hex(const char *s)
{
	u64 value = 0;

	if (s[0] == '0' && s[1] == 'x')
		s += 2;
	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			value = value << 4 | (*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			value = value << 4 | (*s - 'a' + 10);
		else
			return value;
	}
}

/* A file below a function's directory. */
static long function_file(const struct function *f, const char *file, void *into, ul room)
{
	static char path[512], base[512];

	join(base, "/sys/bus/pci/devices/", f->name, "/");
	return slurp(join(path, base, file, ""), into, room);
}

static u64 function_number(const struct function *f, const char *file)
{
	char got[64];
	long n = function_file(f, file, got, sizeof got - 1);

	got[n < 0 ? 0 : n] = 0;
	return parse_hex(got);
}

/* A property of the function's node; the size, or negative when it is not there. */
static long property(const struct function *f, const char *name, void *into, ul room)
{
	static char path[128];

	return function_file(f, join(path, "of_node/", name, ""), into, room);
}

static void show_function(const struct function *f)
{
	static char link[256], path[256];
	static char resources[4096];
	u8 ids[8];
	long n;
	int good, line_number = 0;
	char *at;

	text("PCI ");
	text(f->name);
	put(' ');
	hex(f->vendor, 4);
	put(':');
	hex(f->device, 4);
	text(" class ");
	hex(function_number(f, "class"), 6);
	join(path, "/sys/bus/pci/devices/", f->name, "/of_node");
	n = sys(SYS_readlink, (long)path, (long)link, sizeof link - 1, 0, 0, 0);
	text(" node ");
	if (n > 0) {
		link[n] = 0;
		for (at = link; *at; at++)
			if (starts(at, "/devicetree/base"))
				break;
		text(*at ? at + 16 : link);
	} else {
		text("none");
	}
	put('\n');
	good = property(f, "vendor-id", ids, 4) == 4 && be32(ids) == f->vendor &&
	       property(f, "device-id", ids + 4, 4) == 4 && be32(ids + 4) == f->device;
	check("ids equal those of its node", good);
	n = function_file(f, "resource", resources, sizeof resources - 1);
	resources[n < 0 ? 0 : n] = 0;
	for (at = resources; *at && line_number < 6; line_number++) {
		if (parse_hex(at + 19)) {
			text("BAR ");
			number(line_number);
			put(' ');
			for (; *at && *at != '\n'; at++)
				put(*at);
			put('\n');
		}
		while (*at && *at++ != '\n')
			;
	}
}

static void check_pci(void)
{
	static u8 entries[4096];
	long fd = sys(SYS_open, (long)"/sys/bus/pci/devices", O_RDONLY | O_DIRECTORY, 0, 0, 0, 0);
	long n, at;
	int i, j;

	if (fd < 0)
		return;
	while ((n = sys(SYS_getdents64, fd, (long)entries, sizeof entries, 0, 0, 0)) > 0)
		for (at = 0; at < n; at += entries[at + 16] | entries[at + 17] << 8) {
			const char *name = (const char *)entries + at + 19;

			if (name[0] != '.' && function_count < MAX_FUNCTIONS)
				memcpy(functions[function_count++].name, name, length(name) + 1);
		}
	sys(SYS_close, fd, 0, 0, 0, 0, 0);
	/* In bus order, whatever order the directory has. */
	for (i = 1; i < function_count; i++)
		for (j = i; j > 0; j--) {
			struct function swap = functions[j];
			const char *a = functions[j - 1].name, *b = swap.name;

			while (*a && *a == *b)
				a++, b++;
			if (*a <= *b)
				break;
			functions[j] = functions[j - 1];
			functions[j - 1] = swap;
		}
	for (i = 0; i < function_count; i++) {
		functions[i].vendor = function_number(&functions[i], "vendor");
		functions[i].device = function_number(&functions[i], "device");
		show_function(&functions[i]);
	}
	text("FUNCTIONS ");
	number(function_count);
	put('\n');
}
