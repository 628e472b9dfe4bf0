package org.nvlink2vmm.v100;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.GpuMemory;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.v100.link.PeerLinks;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.HostHardware;

/** The V100s of a host, and the links between them. */
final class V100Hardware implements HostHardware {
  private final HostContext host;
  private final Map<HostBdf, V100> gpus = new HashMap<>();
  private final List<CoherentPort> ports = new ArrayList<>();

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
    DeviceOptions options = host.options(gpu.bdf());
    Optional<Npu> npu = host.npuOf(gpu.bdf());
    int bdfn = gpu.bdf().bdfn();
    GpuRam ram = new GpuRam("gpu " + gpu.bdf(), model.memory());
    V100 fresh =
        new V100(
            gpu.bdf(),
            model,
            ram,
            System::nanoTime,
            new Bar0Counts(host.counts(), "gpu " + gpu.bdf() + " bar0"),
            () -> npu.ifPresent(found -> found.busReset(bdfn)));
    gpus.put(gpu.bdf(), fresh);
    Optional<MemoryWindow> window =
        gpu.memory()
            .flatMap(GpuMemory::window)
            .filter(found -> found.base() > 0 && found.size() > 0 && found.end() > 0);
    if (npu.isPresent() && window.isPresent()) {
      CoherentPort port =
          new CoherentPort(
              fresh,
              npu.get(),
              window.get(),
              host.physical(),
              this::peerMemory,
              V100Plugin.tlbShape(options),
              options.flag(V100Plugin.AUDIT).orElse(true));
      ports.add(port);
      wirePeers(gpu, port);
    }
    return fresh;
  }

  /** Wires links to GPUs that are powered already; later ones wire theirs to this one. */
  private void wirePeers(HostGpu gpu, CoherentPort port) {
    Map<CoherentPort, Integer> used = new HashMap<>();
    for (int link = 0; link < Math.min(gpu.peerCount(), PeerLinks.LINKS); link++) {
      if (gpu.peer(link).orElse(null) instanceof HostGpu peer) {
        CoherentPort other = portOf(peer.bdf());
        if (other != null && other != port) {
          int nth = used.merge(other, 1, Integer::sum) - 1;
          int back = nthLink(peer, gpu, nth);
          if (back >= 0) {
            port.peers().wire(link, other.peers(), back);
          }
        }
      }
    }
  }

  private static int nthLink(HostGpu from, HostGpu to, int nth) {
    int left = nth;
    for (int link = 0; link < Math.min(from.peerCount(), PeerLinks.LINKS); link++) {
      if (from.peer(link).orElse(null) instanceof HostGpu peer && peer.bdf().equals(to.bdf())) {
        if (left == 0) {
          return link;
        }
        left--;
      }
    }
    return -1;
  }

  private CoherentPort portOf(HostBdf gpu) {
    for (CoherentPort port : ports) {
      if (port.gpu().address().equals(gpu)) {
        return port;
      }
    }
    return null;
  }

  /** Memory of another GPU that a direct link reaches. */
  private synchronized Optional<MemorySegment> peerMemory(CoherentPort from, long hpa, long size) {
    for (CoherentPort port : ports) {
      if (port != from && port.holds(hpa, size) && from.peers().carriesTo(port.peers())) {
        return Optional.of(port.memory(hpa, size));
      }
    }
    return Optional.empty();
  }

  @Override
  public synchronized void close() {
    ports.forEach(CoherentPort::close);
    ports.clear();
    gpus.values().forEach(V100::close);
    gpus.clear();
  }
}
