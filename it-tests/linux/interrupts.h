/*
 * A GPU's timer alarm as an interrupt: by pin, then by message, each through the kernel's vfio-pci to
 * an eventfd. Registers: nouveau nvkm/subdev/timer/nv04.c, nvkm/subdev/mc/gp100.c.
 */

enum {
	VFIO_DEVICE_SET_IRQS = VFIO(10), SYS_eventfd2 = 314, EFD_NONBLOCK = 04000,
	DATA_NONE = 1, DATA_EVENTFD = 4, ACTION_UNMASK = 16, ACTION_TRIGGER = 32,
	INTX = 0, MSI = 1,
	PMC_INTR = 0x100, PMC_INTR_EN_SET = 0x160, PMC_INTR_EN_CLEAR = 0x180,
	PTIMER_INTR = 0x9100, PTIMER_INTR_EN = 0x9140, PTIMER_TIME = 0x9400, PTIMER_ALARM = 0x9420,
	ALARM = 1, TIMER = 1 << 20,
};

static long set_irqs(long fd, u32 flags, u32 index, u32 count, int event)
{
	u32 request[6] = {24, flags, index, 0, count, (u32)event};

	if (!(flags & DATA_EVENTFD))
		request[0] = 20;
	return sys(SYS_ioctl, fd, VFIO_DEVICE_SET_IRQS, (long)request, 0, 0, 0);
}

/* Waits up to ten seconds for an event; the number of events. */
static u64 events(int event)
{
	static const u64 pause[2] = {0, 1000000};
	u64 count = 0;
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		if (sys(SYS_read, event, (long)&count, 8, 0, 0, 0) == 8)
			return count;
		sys(SYS_nanosleep, (long)pause, 0, 0, 0, 0, 0);
	}
	return 0;
}

/* The line of the function's interrupt in /proc/interrupts: its number and the counts of two CPUs. */
static int interrupt_line(const char *name, long *number_of, long *counts)
{
	static char all[0x4000];
	long n = slurp("/proc/interrupts", all, sizeof all - 1), at, start = 0;

	all[n < 0 ? 0 : n] = 0;
	for (at = 0; at < n; at++)
		if (starts(all + at, name)) {
			const char *c;
			int i;

			for (start = at; start > 0 && all[start - 1] != '\n'; start--)
				;
			for (c = all + start, i = 0; i < 3; i++) {
				long value = 0;

				while (*c == ' ' || *c == ':')
					c++;
				while (*c >= '0' && *c <= '9')
					value = value * 10 + *c++ - '0';
				if (i == 0)
					*number_of = value;
				else
					counts[i - 1] = value;
			}
			return 1;
		}
	return 0;
}

static void set_alarm(volatile u32 *registers)
{
	registers[PTIMER_ALARM / 4] = registers[PTIMER_TIME / 4] + 100000;
}

static void interrupt_of(const struct function *f, long fd, volatile u32 *registers, int index)
{
	int event = sys(SYS_eventfd2, 0, EFD_NONBLOCK, 0, 0, 0, 0);
	long irq = 0, before[2] = {0, 0}, after[2] = {0, 0};
	static char path[256], name[64], digits[24];

	text("INTERRUPT ");
	text(index == MSI ? "MSI " : "INTx ");
	text(f->name);
	put('\n');
	check("vfio-pci takes the interrupt",
	      set_irqs(fd, DATA_EVENTFD | ACTION_TRIGGER, index, 1, event) == 0);
	set_alarm(registers);
	check("the alarm arrives as one event", events(event) == 1);
	check("the timer says so", registers[PTIMER_INTR / 4] & ALARM);
	check("PMC says so", registers[PMC_INTR / 4] & TIMER);
	registers[PTIMER_INTR / 4] = ALARM;
	check("it is over when it is acknowledged", registers[PMC_INTR / 4] == 0);
	if (index == INTX)
		set_irqs(fd, DATA_NONE | ACTION_UNMASK, index, 1, 0);

	/* On the other processor, where there is one. */
	join(name, index == MSI ? "vfio-msi[0](" : "vfio-intx(", f->name, ")");
	if (slurp("/sys/devices/system/cpu/online", digits, sizeof digits) > 2 &&
	    interrupt_line(name, &irq, before)) {
		join(path, "/proc/irq/", decimal(digits, irq), "/smp_affinity");
		check("the interrupt moves to processor 1", spit(path, "2") == 0);
		set_alarm(registers);
		check("the alarm arrives there", events(event) == 1);
		interrupt_line(name, &irq, after);
		check("processor 1 took it", after[1] == before[1] + 1 && after[0] == before[0]);
		registers[PTIMER_INTR / 4] = ALARM;
		if (index == INTX)
			set_irqs(fd, DATA_NONE | ACTION_UNMASK, index, 1, 0);
	}
	check("no event is left", sys(SYS_read, event, (long)before, 8, 0, 0, 0) < 0);
	check("vfio-pci gives the interrupt back",
	      set_irqs(fd, DATA_NONE | ACTION_TRIGGER, index, 0, 0) == 0);
	sys(SYS_close, event, 0, 0, 0, 0, 0);
}

static void check_interrupts(const struct function *f, long fd)
{
	volatile u32 *registers;
	long mapped;

	memset(&region, 0, sizeof region);
	region.argsz = sizeof region;
	if (sys(SYS_ioctl, fd, VFIO_DEVICE_GET_REGION_INFO, (long)&region, 0, 0, 0))
		return;
	mapped = sys(SYS_mmap, 0, 0x10000, 3, 1, fd, region.offset);
	if (mapped < 0 && mapped > -4096) {
		check("BAR0 can be mapped", 0);
		return;
	}
	registers = (volatile u32 *)mapped;
	registers[PTIMER_INTR_EN / 4] = ALARM;
	registers[PMC_INTR_EN_SET / 4] = TIMER;
	interrupt_of(f, fd, registers, INTX);
	interrupt_of(f, fd, registers, MSI);
	registers[PMC_INTR_EN_CLEAR / 4] = TIMER;
}
