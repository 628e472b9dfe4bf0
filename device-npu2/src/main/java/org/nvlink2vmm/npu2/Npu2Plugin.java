package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.npu2.atsd.AtsdPage;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.atsd.ShootdownJournal;
import org.nvlink2vmm.npu2.host.Npu2Subdriver;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.npu2.regs.ErrorRegisters;
import org.nvlink2vmm.vmm.device.DeviceOption;
import org.nvlink2vmm.vmm.device.DeviceOptionException;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.device.HostSubdriver;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionCapability.Nvlink2LinkSpeed;
import org.nvlink2vmm.vmm.vfio.RegionCapability.Nvlink2SsaTarget;
import org.nvlink2vmm.vmm.vfio.RegionCapability.RegionType;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfio.VfioRegions;

/** The NVLink2 bridge of an IBM POWER9's NPU2. */
public final class Npu2Plugin implements DevicePlugin {
  /** PCI vendor whose region types are meant. */
  static final int VENDOR_IBM = 0x1014;

  /** VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD. */
  static final int SUBTYPE_ATSD = 1;

  private static final String PHY_FAULT = "phy-fault";

  @Override
  public String name() {
    return "npu2-bridge";
  }

  @Override
  public String idPrefix() {
    return "npu";
  }

  @Override
  public String description() {
    return "IBM POWER9 NPU2 NVLink bridge";
  }

  @Override
  public List<DeviceOption> options() {
    return List.of(
        option(
            PHY_FAULT,
            DeviceOption.Kind.TEXT,
            Optional.of("none"),
            "what is broken in the link's PHY: none, lane-busy, zcal-error, zcal-stuck,"
                + " dccal-stuck, training-stuck",
            DeviceOption.Scope.DEVICE),
        required("tgt", "address of the GPU on its links; 0: no NVLink"),
        option(
            "atsd",
            DeviceOption.Kind.NUMBER,
            Optional.of("0x10000"),
            "size of the ATSD page; 0: the bridge has none",
            DeviceOption.Scope.DESCRIPTION),
        option(
            "linkSpeed",
            DeviceOption.Kind.NUMBER,
            Optional.of("9"),
            "speed code: 3 = 20, 8 = 25.78125, 9 = 25 Gbit/s",
            DeviceOption.Scope.DESCRIPTION));
  }

  private static DeviceOption required(String name, String description) {
    return new DeviceOption(
        name,
        DeviceOption.Kind.NUMBER,
        true,
        Optional.empty(),
        description,
        DeviceOption.Scope.DESCRIPTION);
  }

  private static DeviceOption option(
      String name,
      DeviceOption.Kind kind,
      Optional<String> defaultValue,
      String description,
      DeviceOption.Scope scope) {
    return new DeviceOption(name, kind, false, defaultValue, description, scope);
  }

  @Override
  public Optional<HostHardware> hardware(HostContext host) {
    return Optional.of(new Npu2Hardware(host, System::nanoTime));
  }

  @Override
  public Optional<HostSubdriver> subdriver() {
    return Optional.of(new Npu2Subdriver());
  }

  static PhyFault phyFault(DeviceOptions options) {
    String text = options.text(PHY_FAULT).orElse("none");
    for (PhyFault fault : PhyFault.values()) {
      if (fault.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(text)) {
        return fault;
      }
    }
    throw new DeviceOptionException(
        options.path() + "." + PHY_FAULT,
        "\"" + text + "\"",
        "none, lane-busy, zcal-error, zcal-stuck, dccal-stuck or training-stuck");
  }

  /**
   * A bridge alone: a chip of one link to a GPU that trains and shoots down like any other, though
   * no GPU is at its end.
   */
  @Override
  public VfioDevice described(String id, DeviceOptions description, DeviceOptions options) {
    long tgt = description.number("tgt").orElse(0);
    long atsdSize = description.number("atsd").orElse(AtsdRegisterSet.PAGE_SIZE);
    long speed = description.number("linkSpeed").orElse(9);
    if (atsdSize < 0 || atsdSize > AtsdRegisterSet.PAGE_SIZE) {
      throw new DeviceOptionException(
          description.path() + ".atsd", "0x" + Long.toHexString(atsdSize), "0 to 0x10000");
    }
    if (speed < 0 || speed > 0xffff_ffffL) {
      throw new DeviceOptionException(
          description.path() + ".linkSpeed", "0x" + Long.toHexString(speed), "a 32-bit number");
    }
    int bdfn = 0;
    Npu2Chip chip =
        new Npu2Chip(
            id,
            List.of(new Npu2Chip.Wiring(0, bdfn, phyFault(options))),
            System::nanoTime,
            0,
            ErrorRegisters.PES,
            new ShootdownJournal());
    Npu2Link link =
        new Npu2Link(
            new HostBdf(0, 0, 0, 0),
            chip.brick(0),
            true,
            0,
            0,
            new AddressSpace(id, Long.MAX_VALUE),
            chip.atsd(0),
            (index, offset, brick) -> {});
    AccessCounts counts = new AccessCounts(16);
    DirectDevice.Builder builder =
        DirectDevice.builder(id)
            .config(link.configSize(), link.config())
            .vectors(VfioPciIndex.INTX_IRQ, 1)
            .vectors(VfioPciIndex.ERR_IRQ, 1)
            .onReset(link::functionReset)
            .accesses(counts)
            .state(link.wholeState());
    link.bars().forEach(bar -> builder.bar(bar.index(), bar.size(), bar.backing()));
    if (tgt != 0) {
      builder.specific(
          RegionType.ofVendor(VENDOR_IBM, SUBTYPE_ATSD),
          RegionInfo.READ | RegionInfo.WRITE | RegionInfo.MMAP,
          atsdSize,
          capabilities(tgt, (int) speed),
          atsdSize == 0
              ? new RegionBacking.None()
              : new RegionBacking.Trapped(
                  AtsdPage.RULES, new AtsdPage(chip.atsd(0), counts, id + " atsd")));
    }
    return builder.build();
  }

  private static List<RegionCapability> capabilities(long tgt, int speed) {
    List<RegionCapability> capabilities = new ArrayList<>();
    capabilities.add(new Nvlink2SsaTarget(tgt));
    capabilities.add(new Nvlink2LinkSpeed(speed));
    return capabilities;
  }

  /**
   * A bridge as QEMU finds it: the ATSD region with target and speed. The v4 patch's one capability
   * has both.
   */
  @Override
  public Optional<NvlinkFacet> nvlink(VfioDevice device) {
    return VfioRegions.find(device, RegionCapability.PCI_VENDOR_TYPE | VENDOR_IBM, SUBTYPE_ATSD)
        .flatMap(Npu2Plugin::facet);
  }

  private static Optional<NvlinkFacet> facet(RegionInfo region) {
    OptionalInt index = region.size() == 0 ? OptionalInt.empty() : OptionalInt.of(region.index());
    Optional<RegionCapability.Npu2Draft> draft =
        region.capability(RegionCapability.Npu2Draft.class);
    if (draft.isPresent()) {
      return draft.map(
          found -> new NvlinkFacet.AtsdLink(found.tgt(), found.speed(), index, region.size()));
    }
    Optional<Nvlink2LinkSpeed> speed = region.capability(Nvlink2LinkSpeed.class);
    return region
        .capability(Nvlink2SsaTarget.class)
        .filter(target -> speed.isPresent())
        .map(
            target ->
                new NvlinkFacet.AtsdLink(target.tgt(), speed.get().speed(), index, region.size()));
  }
}
