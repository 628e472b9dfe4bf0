package org.nvlink2vmm.vmm.vcpu.gdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** The other end of the protocol: sends packets as they are, acknowledges, waits for answers. */
final class Debugger implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 60_000;

  private final Socket socket = new Socket();

  Debugger(InetSocketAddress address) {
    try {
      socket.connect(address, PATIENCE_MILLIS);
      socket.setSoTimeout(PATIENCE_MILLIS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a packet and gives the body of the next one that comes. */
  String ask(String body) {
    send(body);
    return answer();
  }

  void send(String body) {
    raw(Connection.frame(body.getBytes(StandardCharsets.ISO_8859_1)));
  }

  void raw(byte... bytes) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
      out.flush();
    } catch (SocketException _) {
      // The other end is gone, as the next read says.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next byte; -1 at the end. */
  int next() {
    try {
      InputStream in = socket.getInputStream();
      return in.read();
    } catch (SocketException _) {
      return -1;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The body of the next packet, unescaped and acknowledged; "closed" at the end. */
  String answer() {
    PacketReader reader = new PacketReader();
    for (int next = next(); next >= 0; next = next()) {
      if (reader.take((byte) next) == PacketReader.Found.PACKET) {
        raw((byte) '+');
        return new String(reader.body(), StandardCharsets.ISO_8859_1);
      }
    }
    return "closed";
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
