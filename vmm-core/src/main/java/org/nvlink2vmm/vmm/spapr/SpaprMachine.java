package org.nvlink2vmm.vmm.spapr;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.CpuDescription;
import org.nvlink2vmm.dt.spapr.GuestMemory;
import org.nvlink2vmm.dt.spapr.MachineDescription;
import org.nvlink2vmm.dt.spapr.MachineLayout;
import org.nvlink2vmm.dt.spapr.MachineType;
import org.nvlink2vmm.dt.spapr.Message;
import org.nvlink2vmm.dt.spapr.PlatformPart;
import org.nvlink2vmm.dt.spapr.Refusal;
import org.nvlink2vmm.dt.spapr.SpaprTree;
import org.nvlink2vmm.dt.spapr.VioDevice;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.irq.InterruptController;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.RamBlock;

/**
 * A pseries machine: RAM from address 0, vPHBs, the tree. Built in three steps: the machine, its
 * vPHBs with their devices, then {@link #reset} as often as the guest was rebooted.
 */
public final class SpaprMachine implements AutoCloseable {
  /** Guest-physical addresses: ATSD windows end below 2^48. */
  private static final long ADDRESS_SPACE = 1L << 52;

  /** SPAPR_VTY_BASE_ADDRESS: the console's unit address. */
  public static final int CONSOLE = 0x7100_0000;

  /** SPAPR_IRQ_VIO: interrupts of virtual I/O devices. */
  private static final int CONSOLE_IRQ = 0x1000;

  /** RTAS_TOKEN_BASE. */
  private static final int FIRST_TOKEN = 0x2000;

  /** RTAS_SIZE that the tree announces. */
  private static final int RTAS_SIZE = 2048;

  private static final long MAX_REAL_MODE_AREA = 0x1000_0000L;

  /** What a real kernel may call. Without set-mode it would leave its handlers big-endian. */
  private static final List<String> HYPERCALLS =
      List.of(
          "hcall-term",
          "hcall-interrupt",
          "hcall-tce",
          "hcall-vio",
          "hcall-multi-tce",
          "hcall-set-mode",
          "hcall-vphn");

  private final Setup setup;
  private final RamBlock ram;
  private final AddressSpace memory = new AddressSpace("guest", ADDRESS_SPACE);
  private final List<SpaprPhb> phbs = new ArrayList<>();
  private final MsiNumbers msiNumbers = new MsiNumbers();
  private MachineLayout layout;

  /**
   * What the machine is.
   *
   * @param memory bytes of each NUMA node
   * @param cpus number of cores, one thread each
   */
  public record Setup(
      Compat compat, MachineType machineType, Affinity affinity, List<Long> memory, int cpus) {
    public Setup {
      memory = List.copyOf(memory);
    }

    long memorySize() {
      return memory.stream().mapToLong(Long::longValue).sum();
    }
  }

  /**
   * What the kernel is started with; part of {@code /chosen}.
   *
   * @param initrdEnd address after the initial RAM disk, equal to its start for none
   * @param rtasBase where the RTAS entry lies, 0 for none
   * @param rtasTokens token by call, in the order in which the tree lists them
   */
  public record Boot(
      String arguments,
      long initrdStart,
      long initrdEnd,
      long rtasBase,
      Map<String, Integer> rtasTokens) {
    public static final Boot NONE =
        new Boot("", 0, 0, 0, tokens(List.of("ibm,read-pci-config", "ibm,write-pci-config")));

    public Boot {
      rtasTokens = Collections.unmodifiableMap(new LinkedHashMap<>(rtasTokens));
    }
  }

  public SpaprMachine(Setup setup) {
    this.setup = setup;
    this.ram = RamBlock.ofShareable("guest-ram", setup.memorySize());
    try (MemoryTransaction change = memory.change()) {
      change.map(memory.root(), 0, new MemoryRegion.Ram("ram", ram.segment()));
    }
  }

  /** Guest-physical addresses. */
  public AddressSpace memory() {
    return memory;
  }

  /** Guest RAM, for whoever shares it. */
  public RamBlock ram() {
    return ram;
  }

  public Setup setup() {
    return setup;
  }

  /** Makes a vPHB; the order of the calls is the order of creation. */
  public SpaprPhb addPhb(int index, boolean eeh) {
    SpaprPhb phb = new SpaprPhb(index, eeh, memory, msiNumbers);
    phbs.add(phb);
    return phb;
  }

  /** In creation order. */
  public List<SpaprPhb> phbs() {
    return List.copyOf(phbs);
  }

  /** Says where the interrupts of all devices go; nowhere at first. */
  public void connect(InterruptController controller) {
    phbs.forEach(phb -> phb.connect(controller));
  }

  /** PCI services for the guest. */
  public Rtas rtas() {
    return new Rtas(phbs);
  }

  /**
   * Resets the machine: functions lose their state, NVLink is laid out anew and mapped.
   *
   * @throws Refusal when there is no layout for these devices
   */
  public void reset() {
    phbs.forEach(SpaprPhb::reset);
    MachineDescription description = description(Boot.NONE);
    layout = layout == null ? MachineLayout.of(description) : layout.reset(description);
    for (int i = 0; i < phbs.size(); i++) {
      phbs.get(i).map(layout.vphbs().get(i));
    }
  }

  /**
   * The layout after the last reset.
   *
   * @throws IllegalStateException before the first
   */
  public MachineLayout layout() {
    if (layout == null) {
      throw new IllegalStateException("The machine was never reset");
    }
    return layout;
  }

  /** What was reported since the machine was made, in order. */
  public List<Message> messages() {
    return layout().messages();
  }

  /** The tree of the machine as it is after the last reset. */
  public DeviceTree tree(Boot boot) {
    return SpaprTree.write(description(boot), layout());
  }

  private MachineDescription description(Boot boot) {
    return new MachineDescription(
        setup.compat(),
        setup.machineType(),
        setup.affinity(),
        guestMemory(boot),
        phbs.stream().map(phb -> phb.description(setup.machineType())).toList(),
        platform(boot));
  }

  /**
   * Bytes of the real mode area that a kernel finds which is entered without firmware. It takes the
   * size of the memory node behind it for the size of a memory block, and the 16 MiB that it would
   * assume otherwise are less than it can bring online.
   */
  public long realModeArea() {
    return Math.min(GuestMemory.of(setup.memory()).rmaSize(), MAX_REAL_MODE_AREA);
  }

  private GuestMemory guestMemory(Boot boot) {
    GuestMemory whole = GuestMemory.of(setup.memory());
    return boot.rtasBase() == 0
        ? whole
        : new GuestMemory(whole.nodeSizes(), realModeArea(), whole.distances());
  }

  private List<PlatformPart> platform(Boot boot) {
    return List.of(
        new PlatformPart.Identity("00000000-0000-0000-0000-000000000000", ""),
        new PlatformPart.InterruptController(setup.cpus()),
        new PlatformPart.Vdevice(List.of(VioDevice.terminal(CONSOLE, CONSOLE_IRQ))),
        new PlatformPart.Cpus(
            IntStream.range(0, setup.cpus()).mapToObj(id -> cpu(id, boot)).toList()),
        new PlatformPart.Rtas(
            boot.rtasTokens(),
            RTAS_SIZE,
            boot.rtasBase(),
            boot.rtasBase() == 0 ? List.of("hcall-tce") : HYPERCALLS),
        new PlatformPart.Chosen(
            boot.arguments(),
            boot.initrdStart(),
            boot.initrdEnd(),
            "/vdevice/vty@" + Integer.toHexString(CONSOLE),
            true));
  }

  /** Whoever executes a kernel has no vector unit and no decimal arithmetic. */
  private static CpuDescription cpu(int id, Boot boot) {
    CpuDescription whole = CpuDescription.power9(id);
    return boot.rtasBase() == 0
        ? whole
        : new CpuDescription(id, whole.threads(), whole.model(), whole.numaNode(), false, false);
  }

  /** Tokens by call: numbered in the order of the list. */
  public static Map<String, Integer> tokens(List<String> calls) {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    calls.forEach(call -> tokens.put(call, FIRST_TOKEN + tokens.size()));
    return tokens;
  }

  @Override
  public void close() {
    ram.close();
  }
}
