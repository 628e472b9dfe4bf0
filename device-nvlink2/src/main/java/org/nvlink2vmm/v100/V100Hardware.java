package org.nvlink2vmm.v100;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.GpuMemory;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.v100.ram.Aperture;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.HostHardware;

/** The V100s of a host. */
final class V100Hardware implements HostHardware {
  private final HostContext host;
  private final Map<HostBdf, V100> gpus = new HashMap<>();
  private final Map<HostBdf, Aperture> apertures = new HashMap<>();

  V100Hardware(HostContext host) {
    this.host = host;
  }

  @Override
  public synchronized Optional<HostFunction> function(HostBdf address) {
    V100 known = gpus.get(address);
    if (known != null) {
      return Optional.of(known);
    }
    if (!(host.tree().function(address).orElse(null) instanceof HostGpu gpu)) {
      return Optional.empty();
    }
    return V100Plugin.model(host.options(address))
        .or(() -> V100Model.ofDeviceId(gpu.deviceId().orElse(0)))
        .map(model -> power(gpu, model));
  }

  private V100 power(HostGpu gpu, V100Model model) {
    String name = "gpu " + gpu.bdf();
    GpuRam ram = new GpuRam(name, model.memory());
    Optional<Npu> npu = host.npuOf(gpu.bdf());
    int bdfn = gpu.bdf().bdfn();
    V100 fresh =
        new V100(
            gpu.bdf(),
            model,
            ram,
            System::nanoTime,
            V100Plugin.NOT_COUNTED,
            () -> npu.ifPresent(found -> found.busReset(bdfn)));
    gpus.put(gpu.bdf(), fresh);
    gpu.memory()
        .flatMap(GpuMemory::window)
        .filter(window -> window.base() > 0 && window.size() > 0 && window.end() > 0)
        .ifPresent(
            window -> {
              Aperture aperture =
                  new Aperture(
                      name,
                      host.physical(),
                      window.base(),
                      window.size(),
                      ram,
                      (hpa, size, write) ->
                          npu.ifPresent(found -> found.unreachable(bdfn, hpa, size, write)));
              apertures.put(gpu.bdf(), aperture);
              npu.ifPresent(found -> found.watch(bdfn, aperture));
            });
    return fresh;
  }

  @Override
  public synchronized void close() {
    apertures.values().forEach(Aperture::close);
    apertures.clear();
    gpus.values().forEach(V100::close);
    gpus.clear();
  }
}
