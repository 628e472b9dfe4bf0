package org.nvlink2vmm.v100;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.v100.host.NvgpuSubdriver;
import org.nvlink2vmm.v100.mmu.TlbShape;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.vmm.device.DeviceOption;
import org.nvlink2vmm.vmm.device.DeviceOptionException;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.device.HostSubdriver;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionCapability.Npu2Draft;
import org.nvlink2vmm.vmm.vfio.RegionCapability.Nvlink2SsaTarget;
import org.nvlink2vmm.vmm.vfio.RegionCapability.RegionType;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfio.VfioRegions;

/** The NVIDIA V100 SXM2. */
public final class V100Plugin implements DevicePlugin {
  /** PCI vendor whose region types are meant. */
  static final int VENDOR_NVIDIA = 0x10de;

  /** VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM. */
  static final int SUBTYPE_RAM = 1;

  /** Registers without a model that a described device tells apart. */
  private static final int COUNTED_REGISTERS = 1 << 10;

  static final String AUDIT = "audit";

  private static final String MODEL = "model";
  private static final String TLB_ENTRIES = "tlb-entries";
  private static final String TLB_WAYS = "tlb-ways";
  private static final long PAGE = 0x10000;
  private static final long LARGEST_RAM = 1L << 41;

  @Override
  public String name() {
    return "v100";
  }

  @Override
  public String idPrefix() {
    return "gpu";
  }

  @Override
  public String description() {
    return "NVIDIA V100 SXM2 GPU";
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(
        new DeviceOption(
            MODEL,
            DeviceOption.Kind.TEXT,
            false,
            Optional.empty(),
            "v100-sxm2-16gb or v100-sxm2-32gb; default: as the host's tree says, else 32gb",
            DeviceOption.Scope.DEVICE),
        new DeviceOption(
            TLB_ENTRIES,
            DeviceOption.Kind.NUMBER,
            false,
            Optional.of("4096"),
            "entries of the translation cache, a power of two from 16 to 4194304",
            DeviceOption.Scope.DEVICE),
        new DeviceOption(
            TLB_WAYS,
            DeviceOption.Kind.NUMBER,
            false,
            Optional.of("8"),
            "entries a set of the translation cache, a power of two from 1 to 16",
            DeviceOption.Scope.DEVICE),
        new DeviceOption(
            AUDIT,
            DeviceOption.Kind.BOOLEAN,
            false,
            Optional.of("true"),
            "check every cached translation that is used against the page tables, for the report",
            DeviceOption.Scope.DEVICE),
        new DeviceOption(
            "tgt",
            DeviceOption.Kind.NUMBER,
            true,
            Optional.empty(),
            "address of the GPU on its links; 0: no NVLink",
            DeviceOption.Scope.DESCRIPTION),
        new DeviceOption(
            "ram",
            DeviceOption.Kind.NUMBER,
            false,
            Optional.of("128G"),
            "size of the coherent memory region",
            DeviceOption.Scope.DESCRIPTION));
  }

  /** The model that options ask for; empty when they leave it open. */
  static Optional<V100Model> model(DeviceOptions options) {
    return options
        .text(MODEL)
        .map(
            text ->
                V100Model.ofText(text)
                    .orElseThrow(
                        () ->
                            new DeviceOptionException(
                                options.path() + "." + MODEL,
                                "\"" + text + "\"",
                                "v100-sxm2-16gb or v100-sxm2-32gb")));
  }

  static TlbShape tlbShape(DeviceOptions options) {
    int entries = powerOfTwo(options, TLB_ENTRIES, 4096, 16, 1 << 22);
    return new TlbShape(entries, powerOfTwo(options, TLB_WAYS, 8, 1, 16));
  }

  private static int powerOfTwo(
      DeviceOptions options, String name, int otherwise, int least, int most) {
    long value = options.number(name).orElse(otherwise);
    if (value < least || value > most || Long.bitCount(value) != 1) {
      throw new DeviceOptionException(
          options.path() + "." + name,
          Long.toUnsignedString(value),
          "a power of two from " + least + " to " + most);
    }
    return (int) value;
  }

  @Override
  public Optional<HostHardware> hardware(HostContext host) {
    return Optional.of(new V100Hardware(host));
  }

  @Override
  public Optional<HostSubdriver> subdriver() {
    return Optional.of(new NvgpuSubdriver());
  }

  /** A GPU without a host: the coherent region is memory from the start, no link gates it. */
  @Override
  public VfioDevice described(String id, DeviceOptions description, DeviceOptions options) {
    V100Model model = model(options).orElse(V100Model.SXM2_32GB);
    long tgt = description.number("tgt").orElse(0);
    long size = description.number("ram").orElse(128L << 30);
    if (size <= 0 || size > LARGEST_RAM || size % PAGE != 0) {
      throw new DeviceOptionException(
          description.path() + ".ram", "0x" + Long.toHexString(size), "a multiple of 64K up to 2T");
    }
    GpuRam ram = new GpuRam(id, Math.max(size, model.memory()));
    AccessCounts counts = new AccessCounts(COUNTED_REGISTERS);
    V100 gpu =
        new V100(
            new HostBdf(0, 0, 0, 0),
            model,
            ram,
            System::nanoTime,
            new Bar0Counts(counts, id + " bar0"),
            () -> {});
    DirectDevice.Builder builder =
        DirectDevice.builder(id)
            .config(gpu.configSize(), gpu.config())
            .vectors(VfioPciIndex.INTX_IRQ, 1)
            .vectors(VfioPciIndex.MSI_IRQ, 1)
            .vectors(VfioPciIndex.ERR_IRQ, 1)
            .onConnect(gpu::connect)
            .onReset(gpu::busReset)
            .accesses(counts)
            .state(gpu.wholeState())
            .onClose(gpu::close);
    gpu.bars().forEach(bar -> builder.bar(bar.index(), bar.size(), bar.backing()));
    if (tgt != 0) {
      builder.specific(
          RegionType.ofVendor(VENDOR_NVIDIA, SUBTYPE_RAM),
          RegionInfo.READ | RegionInfo.WRITE | RegionInfo.MMAP,
          size,
          List.of(new Nvlink2SsaTarget(tgt)),
          ram.part(0, size));
    }
    return builder.build();
  }

  /** A GPU as QEMU finds it: the memory region with its target address. */
  @Override
  public Optional<NvlinkFacet> nvlink(VfioDevice device) {
    return VfioRegions.find(device, RegionCapability.PCI_VENDOR_TYPE | VENDOR_NVIDIA, SUBTYPE_RAM)
        .flatMap(V100Plugin::facet);
  }

  private static Optional<NvlinkFacet> facet(RegionInfo region) {
    Optional<Long> tgt =
        region
            .capability(Nvlink2SsaTarget.class)
            .map(Nvlink2SsaTarget::tgt)
            .or(() -> region.capability(Npu2Draft.class).map(Npu2Draft::tgt));
    return tgt.map(found -> new NvlinkFacet.GpuRam(found, region.index(), region.size()));
  }
}
