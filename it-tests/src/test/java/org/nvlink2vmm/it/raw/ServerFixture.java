package org.nvlink2vmm.it.raw;

import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** A server with a scratch device and an attached client; nothing of it may stay open. */
abstract class ServerFixture {
  /** Held, since the logging system forgets a logger that nobody holds, and its level with it. */
  private static final Logger LOG = Logger.getLogger("org.nvlink2vmm");

  static {
    LOG.setLevel(Level.OFF);
  }

  @TempDir Path folder;
  ScratchDevice device;
  VfioUserServer server;
  RawClient client;
  private int openBefore;

  ServerOptions options() {
    return ServerOptions.DEFAULT;
  }

  String capabilities() {
    return "";
  }

  @BeforeEach
  void serve() {
    openBefore = OwnedFd.live();
    device = new ScratchDevice();
    server = VfioUserServer.listen(folder.resolve("s"), device, options());
    client = RawClient.attach(server.path(), capabilities());
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    device.close();
    if (OwnedFd.live() != openBefore) {
      throw new AssertionError(
          (OwnedFd.live() - openBefore) + " file descriptors are open after the test");
    }
  }
}
