package org.nvlink2vmm.vmm.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.nvlink2vmm.vmm.machine.ConfigError;

/** Where a debugger is waited for: {@code [HOST]:PORT}, on the loopback interface without host. */
final class GdbAddress {
  private static final Pattern FORM =
      Pattern.compile("(?:(?<host>\\[[0-9a-fA-F:.]+]|[^:\\[\\]]+)?:)?(?<port>\\d{1,5})");
  private static final int MAX_PORT = 65535;

  private GdbAddress() {}

  /**
   * @throws ConfigError when it is none
   */
  static InetSocketAddress of(String text) {
    Matcher parts = FORM.matcher(text);
    int port = parts.matches() ? Integer.parseInt(parts.group("port")) : -1;
    if (port < 0 || port > MAX_PORT) {
      throw new ConfigError("--gdb", '"' + text + '"', "[HOST]:PORT, such as :1234");
    }
    String host = parts.group("host");
    return host == null
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port)
        : new InetSocketAddress(host.replaceAll("[\\[\\]]", ""), port);
  }

  /** As a debugger's "target remote" takes it. */
  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }
}
