/* System calls and printing for programs without a C library, ppc64le Linux. */
#ifndef SYS_H
#define SYS_H

typedef unsigned long ul;
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

static long sys(long number, long a, long b, long c, long d, long e, long f)
{
	register long r0 asm("r0") = number;
	register long r3 asm("r3") = a;
	register long r4 asm("r4") = b;
	register long r5 asm("r5") = c;
	register long r6 asm("r6") = d;
	register long r7 asm("r7") = e;
	register long r8 asm("r8") = f;

	/* The summary overflow bit of CR0 tells an error; r3 is then errno. */
	asm volatile("sc; bns+ 1f; neg %1,%1; 1:"
		     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
		     :
		     : "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
	return r3;
}

enum {
	SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_close = 6, SYS_mknod = 14, SYS_mount = 21,
	SYS_mkdir = 39, SYS_ioctl = 54, SYS_munmap = 91, SYS_reboot = 88, SYS_mmap = 90,
	SYS_readlink = 85, SYS_getdents64 = 202, SYS_pread = 179, SYS_pwrite = 180,
	SYS_fstat = 108, SYS_rtas = 255, SYS_mbind = 259, SYS_get_mempolicy = 260,
	SYS_set_mempolicy = 261, SYS_sync = 36, SYS_nanosleep = 162,
};

enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_DIRECTORY = 040000 };

static ul length(const char *s)
{
	ul n = 0;

	while (s[n])
		n++;
	return n;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static int starts(const char *s, const char *with)
{
	while (*with)
		if (*s++ != *with++)
			return 0;
	return 1;
}

/* Output is gathered a line at a time: one system call a line. */
static char line[1024];
static ul line_length;

static void put(char c)
{
	line[line_length++] = c;
	if (c == '\n' || line_length == sizeof line) {
		sys(SYS_write, 1, (long)line, line_length, 0, 0, 0);
		line_length = 0;
	}
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(u64 value, int digits)
{
	while (digits--)
		put("0123456789abcdef"[value >> 4 * digits & 15]);
}

static void number(long value)
{
	char digits[24];
	int n = 0;

	if (value < 0) {
		put('-');
		value = -value;
	}
	do {
		digits[n++] = '0' + value % 10;
	} while (value /= 10);
	while (n)
		put(digits[--n]);
}

/* Appends to a path; the buffer holds 512 bytes. */
static char *join(char *buffer, const char *a, const char *b, const char *c)
{
	ul n = 0;

	for (; *a && n < 511; a++)
		buffer[n++] = *a;
	for (; *b && n < 511; b++)
		buffer[n++] = *b;
	for (; *c && n < 511; c++)
		buffer[n++] = *c;
	buffer[n] = 0;
	return buffer;
}

/* Reads a file; returns its length or a negative errno. */
static long slurp(const char *path, void *into, ul room)
{
	long fd = sys(SYS_open, (long)path, O_RDONLY, 0, 0, 0, 0);
	long got, total = 0;

	if (fd < 0)
		return fd;
	while ((ul)total < room &&
	       (got = sys(SYS_read, fd, (long)into + total, room - total, 0, 0, 0)) > 0)
		total += got;
	sys(SYS_close, fd, 0, 0, 0, 0, 0);
	return total;
}

static long spit(const char *path, const char *what)
{
	long fd = sys(SYS_open, (long)path, O_WRONLY, 0, 0, 0, 0);
	long done;

	if (fd < 0)
		return fd;
	done = sys(SYS_write, fd, (long)what, length(what), 0, 0, 0);
	sys(SYS_close, fd, 0, 0, 0, 0, 0);
	return done < 0 ? done : 0;
}

static u32 be32(const void *at)
{
	const u8 *b = at;

	return (u32)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
}

static u64 be64(const void *at)
{
	return (u64)be32(at) << 32 | be32((const u8 *)at + 4);
}

void *memset(void *to, int c, ul n)
{
	u8 *at = to;

	while (n--)
		*at++ = c;
	return to;
}

void *memcpy(void *to, const void *from, ul n)
{
	u8 *a = to;
	const u8 *b = from;

	while (n--)
		*a++ = *b++;
	return to;
}

#endif
