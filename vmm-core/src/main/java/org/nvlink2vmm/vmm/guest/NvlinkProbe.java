package org.nvlink2vmm.vmm.guest;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;

/**
 * Does what firmware, kernel and NVIDIA's driver would do until the GPUs are ready to use: reads
 * the tree, finds and places the PCI functions, ties GPUs to bridges, trains the links, tries every
 * coherent window, every launch register and the translation of effective addresses.
 */
public final class NvlinkProbe implements Guest {
  @Override
  public String name() {
    return "nvlink2-probe";
  }

  @Override
  public String description() {
    return "brings the GPUs up as firmware, kernel and driver would, and tries what it found";
  }

  @Override
  public GuestReport run(GuestMachine machine) {
    Checks checks = new Checks();
    Optional<GuestBoot> boot = GuestBoot.of(machine, checks);
    return boot.isPresent() ? run(machine, boot.get()) : GuestBoot.failed(name(), checks);
  }

  private GuestReport run(GuestMachine machine, GuestBoot boot) {
    GpuBringUp bringUp = new GpuBringUp(machine, boot.checks());
    List<GuestReport.Gpu> reports = boot.gpus().stream().map(bringUp::bringUp).toList();
    long invalidations = bringUp.invalidate(boot.gpus());
    bringUp.finish();
    Ats ats = new TranslationTrial(machine, boot).run(reports);
    return boot.report(
        name(),
        reports,
        new Ats(ats.translations(), ats.invalidations() + invalidations),
        List.of());
  }
}
