package org.nvlink2vmm.vmm.vfiouser.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** Several devices, each behind a socket {@code <id>.sock} of one folder. */
public final class ServedDevices implements AutoCloseable {
  private final List<VfioUserServer> servers = new ArrayList<>();

  private ServedDevices() {}

  /**
   * Serves all or, when one fails, none.
   *
   * @throws org.nvlink2vmm.vmm.nativeio.NativeException as {@link VfioUserServer#listen}
   */
  public static ServedDevices listen(
      Path folder, List<? extends VfioDevice> devices, ServerOptions options) {
    ServedDevices served = new ServedDevices();
    try {
      for (VfioDevice device : devices) {
        Path path = folder.resolve(device.id() + ".sock");
        served.servers.add(VfioUserServer.listen(path, device, options));
      }
      return served;
    } catch (RuntimeException e) {
      served.close();
      throw e;
    }
  }

  /** The sockets, in the order of the devices. */
  public List<Path> sockets() {
    return servers.stream().map(VfioUserServer::path).toList();
  }

  /** One server a device. */
  public List<VfioUserServer> servers() {
    return List.copyOf(servers);
  }

  public List<ServerStatus> status() {
    return servers.stream().map(VfioUserServer::status).toList();
  }

  /** Waits until all have ended. */
  public void await() throws InterruptedException {
    for (VfioUserServer server : servers) {
      server.await();
    }
  }

  @Override
  public void close() {
    servers.forEach(VfioUserServer::close);
  }
}
