/*
 * The kernel's own vfio-pci, with its NVLink2 subdriver, opens our devices: region 9 of each with
 * its capabilities, against the properties that the tree gives. Sources of the numbers: Linux
 * include/uapi/linux/vfio.h.
 */

#define VFIO(n) (1u << 29 | ';' << 8 | (100 + (n)))

enum {
	VFIO_SET_IOMMU = VFIO(2), VFIO_GROUP_SET_CONTAINER = VFIO(4),
	VFIO_GROUP_GET_DEVICE_FD = VFIO(6), VFIO_DEVICE_GET_INFO = VFIO(7),
	VFIO_DEVICE_GET_REGION_INFO = VFIO(8),
	VFIO_SPAPR_TCE_IOMMU = 2, VFIO_SPAPR_TCE_V2_IOMMU = 7,
	CAP_TYPE = 2, CAP_SSATGT = 4, CAP_LNKSPD = 5,
	TYPE_NVIDIA = 0x800010de, TYPE_IBM = 0x80001014,
};

static struct region {
	u32 argsz, flags, index, cap_offset;
	u64 size, offset;
	u8 caps[4096];
} region;

static long group_of(const struct function *f)
{
	static char path[256], link[256];
	long n, value = 0;
	int i;

	join(path, "/sys/bus/pci/devices/", f->name, "/iommu_group");
	n = sys(SYS_readlink, (long)path, (long)link, sizeof link - 1, 0, 0, 0);
	if (n <= 0)
		return -1;
	link[n] = 0;
	for (i = n; i > 0 && link[i - 1] != '/'; i--)
		;
	for (; link[i]; i++)
		value = value * 10 + link[i] - '0';
	return value;
}

static char *decimal(char *into, long value)
{
	char digits[24];
	int n = 0, m = 0;

	do {
		digits[n++] = '0' + value % 10;
	} while (value /= 10);
	while (n)
		into[m++] = digits[--n];
	into[m] = 0;
	return into;
}

/* Groups opened so far; they stay open, for a kernel bug hides in closing them. */
static long open_groups[64], open_fds[64];
static int open_count;

static long open_group(long group)
{
	static char path[64], digits[24];
	int container, i;
	long fd, result;

	for (i = 0; i < open_count; i++)
		if (open_groups[i] == group)
			return open_fds[i];
	fd = sys(SYS_open, (long)join(path, "/dev/vfio/", decimal(digits, group), ""), O_RDWR, 0, 0,
		 0, 0);
	container = sys(SYS_open, (long)"/dev/vfio/vfio", O_RDWR, 0, 0, 0, 0);
	if (fd < 0 || container < 0)
		return fd < 0 ? fd : container;
	result = sys(SYS_ioctl, fd, VFIO_GROUP_SET_CONTAINER, (long)&container, 0, 0, 0);
	if (!result)
		result = sys(SYS_ioctl, container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_V2_IOMMU, 0, 0, 0);
	if (result)
		result = sys(SYS_ioctl, container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_IOMMU, 0, 0, 0);
	if (result)
		return result;
	open_groups[open_count] = group;
	open_fds[open_count++] = fd;
	return fd;
}

static const u8 *capability(int id)
{
	const u8 *base = (const u8 *)&region;
	u32 at = region.flags & 8 ? region.cap_offset : 0;

	while (at >= 32 && at + 8 <= region.argsz && at < sizeof region) {
		if ((base[at] | base[at + 1] << 8) == id)
			return base + at;
		at = *(const u32 *)(base + at + 4);
	}
	return 0;
}

/* u64 and u32 in the program's own order. */
static u64 cap64(const u8 *cap)
{
	return cap ? *(const u64 *)(cap + 8) : 0;
}

static u32 cap32(const u8 *cap, int at)
{
	return cap ? *(const u32 *)(cap + at) : 0;
}

/* The node with a phandle: its offset in the blob's structure block, 0 for none. */
static u32 property_of_phandle(u32 phandle, const char *name, u8 *into, u32 room)
{
	const u8 *start = tree + be32(tree + 8), *end = start + be32(tree + 36);
	const char *strings = (const char *)tree + be32(tree + 12);
	const u8 *at = start, *node = 0;
	int pass;

	/* First the node, then its property, which may stand before the phandle. */
	for (pass = 0; pass < 2; pass++) {
		const u8 *current = 0;

		for (at = start; at < end;) {
			u32 token = be32(at);

			at += 4;
			if (token == 1) {
				current = at;
				at += (length((const char *)at) + 4) & ~3ul;
			} else if (token == 3) {
				u32 size = be32(at);
				const char *key = strings + be32(at + 4);

				if (!pass && same(key, "phandle") && be32(at + 8) == phandle)
					node = current;
				if (pass && node && current == node && same(key, name)) {
					memcpy(into, at + 8, size < room ? size : room);
					return size;
				}
				at += 8 + ((size + 3) & ~3u);
			} else if (token == 9) {
				break;
			}
		}
	}
	return 0;
}

static long device_fd(const struct function *f)
{
	static char path[256];
	long group;

	spit(join(path, "/sys/bus/pci/devices/", f->name, "/driver_override"), "vfio-pci");
	spit("/sys/bus/pci/drivers_probe", f->name);
	group = open_group(group_of(f));
	return group < 0 ? group
			 : sys(SYS_ioctl, group, VFIO_GROUP_GET_DEVICE_FD, (long)f->name, 0, 0, 0);
}

static long region_info(long fd)
{
	memset(&region, 0, sizeof region);
	region.argsz = sizeof region;
	region.index = 9;
	return sys(SYS_ioctl, fd, VFIO_DEVICE_GET_REGION_INFO, (long)&region, 0, 0, 0);
}

static void show_region(const struct function *f)
{
	const u8 *type = capability(CAP_TYPE), *speed = capability(CAP_LNKSPD);

	text("VFIO ");
	text(f->name);
	text(" region 9 size ");
	hex(region.size, 16);
	text(" flags ");
	hex(region.flags, 1);
	text(" type ");
	hex(cap32(type, 8), 8);
	put('/');
	number(cap32(type, 12));
	text(" tgt ");
	hex(cap64(capability(CAP_SSATGT)), 16);
	if (speed) {
		text(" speed ");
		number(cap32(speed, 8));
	}
	put('\n');
}

/*
 * A bridge's link is trained through its vendor capability, as NVIDIA's driver does it, for GPU
 * memory answers only behind a trained link (skiboot doc/nvlink.rst, hw/npu2-hw-procedures.c).
 */
static void train(const struct function *f)
{
	static const u8 procedures[] = {4, 5, 6, 7, 8, 9, 10, 13};
	static char path[256];
	u8 at = 0, header[2] = {0, 0};
	u32 word = 0, left = 16;
	unsigned i;
	long fd = sys(SYS_open, (long)join(path, "/sys/bus/pci/devices/", f->name, "/config"),
		      O_RDWR, 0, 0, 0, 0);

	sys(SYS_pread, fd, (long)&at, 1, 0x34, 0, 0);
	while (at && left--) {
		sys(SYS_pread, fd, (long)header, 2, at, 0, 0);
		if (header[0] == 9)
			break;
		at = header[1];
	}
	if (!at || header[0] != 9) {
		check("the bridge has its vendor capability", 0);
		return;
	}
	for (i = 0; i < sizeof procedures; i++) {
		long tries = 100000;

		word = procedures[i];
		sys(SYS_pwrite, fd, (long)&word, 4, at + 8, 0, 0);
		do
			sys(SYS_pread, fd, (long)&word, 4, at + 4, 0, 0);
		while (!(word & 1u << 30) && --tries);
		if (!tries || word & 15)
			break;
	}
	sys(SYS_pread, fd, (long)header, 1, at + 0xd, 0, 0);
	sys(SYS_close, fd, 0, 0, 0, 0, 0);
	text("TRAIN ");
	text(f->name);
	text(" status ");
	hex(word, 8);
	put('\n');
	check("its link is trained", i == sizeof procedures && header[0] & 2);
}

/* The first GPU that was opened. */
static const struct function *patterned;
static long patterned_fd;
static u64 patterned_offset;

/* A pattern through a mapping of GPU memory: the host reads it back at the same offset. */
static void pattern(const struct function *f, long fd)
{
	enum { PAGE = 0x10000, OFFSET = 0x240 };
	u64 value = 0x6e766c696e6b3221ull;
	volatile u64 *at;
	long mapped = sys(SYS_mmap, 0, PAGE, 3, 1, fd, patterned_offset);

	if (mapped < 0 && mapped > -4096) {
		text("MMAP error ");
		number(-mapped);
		put('\n');
		check("region 9 of a GPU can be mapped", 0);
		return;
	}
	at = (volatile u64 *)(mapped + OFFSET);
	*at = value;
	check("what is written to GPU memory is read back", *at == value);
	memset(&region, 0, sizeof region);
	region.argsz = sizeof region;
	region.index = 1;
	if (!sys(SYS_ioctl, fd, VFIO_DEVICE_GET_REGION_INFO, (long)&region, 0, 0, 0)) {
		mapped = sys(SYS_mmap, 0, PAGE, 3, 1, fd, region.offset);
		check("BAR1 shows the same memory",
		      (mapped > 0 || mapped < -4096) &&
			      *(volatile u64 *)(mapped + OFFSET) == value);
	}
	text("PATTERN ");
	text(f->name);
	text(" offset ");
	hex(OFFSET, 4);
	text(" value ");
	hex(value, 16);
	put('\n');
}

static void check_gpu(const struct function *f)
{
	u8 cells[4], npu[64], reg[16], tgt[8];
	long fd, npus = property(f, "ibm,npu", npu, sizeof npu);

	if (npus < 4)
		return;
	fd = device_fd(f);
	if (fd < 0 || region_info(fd) < 0) {
		text("VFIO ");
		text(f->name);
		text(" error ");
		number(-fd);
		put('\n');
		check("the GPU opens with region 9", 0);
		return;
	}
	show_region(f);
	check("its type is NVIDIA's NVLink2 RAM", cap32(capability(CAP_TYPE), 8) == TYPE_NVIDIA);
	check("its tgt is the bridge's ibm,device-tgt-addr",
	      property_of_phandle(be32(npu), "ibm,device-tgt-addr", tgt, 8) == 8 &&
		      be64(tgt) == cap64(capability(CAP_SSATGT)));
	check("its size is that of the memory node",
	      property_of_phandle(be32(npu), "memory-region", cells, 4) == 4 &&
		      property_of_phandle(be32(cells), "reg", reg, 16) == 16 &&
		      be64(reg + 8) == region.size);
	if (!patterned) {
		patterned = f;
		patterned_fd = fd;
		patterned_offset = region.offset;
	}
}

static void check_bridge(const struct function *f)
{
	u8 cells[4], tgt[8];
	u64 status = 0;
	long fd;

	if (property(f, "ibm,nvlink", cells, 4) != 4)
		return;
	fd = device_fd(f);
	if (fd < 0 || region_info(fd) < 0) {
		text("VFIO ");
		text(f->name);
		text(" error ");
		number(-fd);
		put('\n');
		check("the bridge opens with region 9", 0);
		return;
	}
	show_region(f);
	check("its type is IBM's ATSD", cap32(capability(CAP_TYPE), 8) == TYPE_IBM);
	check("its tgt is ibm,device-tgt-addr",
	      property(f, "ibm,device-tgt-addr", tgt, 8) == 8 &&
		      be64(tgt) == cap64(capability(CAP_SSATGT)));
	check("its speed is ibm,nvlink-speed",
	      property(f, "ibm,nvlink-speed", cells, 4) == 4 &&
		      be32(cells) == cap32(capability(CAP_LNKSPD), 8));
	if (region.size) {
		check("ATSD registers can be read",
		      sys(SYS_pread, fd, (long)&status, 8, region.offset + 8, 0, 0) == 8);
		text("ATSD ");
		text(f->name);
		text(" at 8 ");
		hex(status, 16);
		put('\n');
	}
}

static void check_vfio(void)
{
	u8 cells[4];
	int i;

	for (i = 0; i < function_count; i++)
		if (functions[i].vendor == 0x10de)
			check_gpu(&functions[i]);
		else if (functions[i].vendor == 0x1014)
			check_bridge(&functions[i]);
	/* After all are open, for opening a bridge resets it and its link. */
	for (i = 0; i < function_count; i++)
		if (functions[i].vendor == 0x1014 &&
		    property(&functions[i], "ibm,nvlink", cells, 4) == 4)
			train(&functions[i]);
	if (patterned)
		pattern(patterned, patterned_fd);
}
