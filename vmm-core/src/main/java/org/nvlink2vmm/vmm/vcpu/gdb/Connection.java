package org.nvlink2vmm.vmm.vcpu.gdb;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** The socket of one debugger: packets out, bytes in. */
final class Connection {
  /** How long a debugger may take to read an answer. */
  private static final long PATIENCE_MILLIS = 10_000;

  private final SocketChannel channel;
  private final PacketReader reader = new PacketReader();
  private final ByteBuffer input = ByteBuffer.allocate(4096).flip();
  private boolean acknowledges = true;
  private byte[] last = {};

  Connection(SocketChannel channel) {
    this.channel = channel;
  }

  /** Reads what there is; false at the end of the stream. */
  boolean fill() throws IOException {
    input.compact();
    int count = channel.read(input);
    input.flip();
    return count >= 0;
  }

  boolean hasInput() {
    return input.hasRemaining();
  }

  /** Looks at input until it amounts to something that the caller has to deal with. */
  PacketReader.Found next() throws IOException {
    while (input.hasRemaining()) {
      PacketReader.Found found = reader.take(input.get());
      switch (found) {
        case PACKET -> {
          if (acknowledges) {
            write(new byte[] {'+'});
          }
          return found;
        }
        case INTERRUPT -> {
          return found;
        }
        case BROKEN -> {
          if (acknowledges) {
            write(new byte[] {'-'});
          }
        }
        case REFUSED -> {
          if (acknowledges) {
            write(last);
          }
        }
        case NOTHING, ACKNOWLEDGED -> {}
      }
    }
    return PacketReader.Found.NOTHING;
  }

  byte[] body() {
    return reader.body();
  }

  void send(String text) throws IOException {
    last = frame(text.getBytes(StandardCharsets.ISO_8859_1));
    write(last);
  }

  /** Both sides stop to acknowledge. */
  void stopAcknowledging() {
    acknowledges = false;
    reader.checkSums(false);
  }

  void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // It is gone in any case.
    }
  }

  /** A body between its marks, with what would be mistaken for one escaped. */
  static byte[] frame(byte[] body) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream(body.length + 4);
    frame.write('$');
    int sum = 0;
    for (byte each : body) {
      if (each == '#' || each == '$' || each == '}' || each == '*') {
        frame.write('}');
        frame.write(each ^ 0x20);
        sum += '}' + (each ^ 0x20);
      } else {
        frame.write(each);
        sum += each;
      }
    }
    frame.writeBytes("#%02x".formatted(sum & 0xff).getBytes(StandardCharsets.US_ASCII));
    return frame.toByteArray();
  }

  private void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    channel.write(buffer);
    if (buffer.hasRemaining()) {
      writeRest(buffer);
    }
  }

  private void writeRest(ByteBuffer buffer) throws IOException {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_WRITE);
      while (buffer.hasRemaining()) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new IOException("the debugger does not read");
        }
        selector.select(left);
        channel.write(buffer);
      }
    }
  }
}
