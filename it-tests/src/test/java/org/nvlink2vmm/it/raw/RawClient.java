package org.nvlink2vmm.it.raw;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.SocketMessage;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;

/**
 * A vfio-user client that speaks bytes and knows no more of the protocol than the 16-byte header,
 * so that it can send anything. It shares no codec with the program.
 */
public final class RawClient implements AutoCloseable {
  public static final int EINVAL = 22;
  public static final int ENOENT = 2;
  public static final int HEADER = 16;

  /** Flags of a plain command. */
  public static final int COMMAND = 0;

  private static final int TIMEOUT_MILLIS = 20_000;

  private final OwnedFd socket;
  private final SocketMessage sending = new SocketMessage(32);
  private final SocketMessage receiving = new SocketMessage(32);
  private final MemorySegment buffer = Arena.ofAuto().allocate(1 << 16);
  private final PollSet poll = new PollSet();
  private final List<OwnedFd> descriptors = new ArrayList<>();
  private int nextId = 1;

  /** A whole message from the server. */
  public static final class Reply {
    private final int id;
    private final int command;
    private final int flags;
    private final int errno;
    private final byte[] header;
    private final byte[] payload;
    private final List<OwnedFd> descriptors;

    Reply(byte[] whole, byte[] payload, List<OwnedFd> descriptors) {
      ByteBuffer header = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
      this.id = header.getShort(0) & 0xffff;
      this.command = header.getShort(2) & 0xffff;
      this.flags = header.getInt(8);
      this.errno = (flags & 0x20) != 0 ? header.getInt(12) : 0;
      this.header = whole;
      this.payload = payload;
      this.descriptors = descriptors;
    }

    public int id() {
      return id;
    }

    public int command() {
      return command;
    }

    public int flags() {
      return flags;
    }

    public int errno() {
      return errno;
    }

    public byte[] payload() {
      return payload;
    }

    public List<OwnedFd> descriptors() {
      return descriptors;
    }

    /** The whole message, header and payload, as it came. */
    public byte[] message() {
      byte[] whole = Arrays.copyOf(header, HEADER + payload.length);
      System.arraycopy(payload, 0, whole, HEADER, payload.length);
      return whole;
    }

    /** The payload, little-endian. */
    public ByteBuffer data() {
      return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }

    public void closeDescriptors() {
      descriptors.forEach(OwnedFd::close);
    }

    @Override
    public String toString() {
      return "command %d id %d flags 0x%x errno %d, %d bytes"
          .formatted(command, id, flags, errno, payload.length);
    }
  }

  /** A payload being put together, little-endian. */
  public static final class Bytes {
    private final byte[] array;
    private final ByteBuffer buffer;

    Bytes(int size) {
      array = new byte[size];
      buffer = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
    }

    public Bytes u16(int value) {
      buffer.putShort((short) value);
      return this;
    }

    public Bytes u32(int value) {
      buffer.putInt(value);
      return this;
    }

    public Bytes u64(long value) {
      buffer.putLong(value);
      return this;
    }

    public Bytes put(byte... data) {
      buffer.put(data);
      return this;
    }

    public byte[] array() {
      return array;
    }
  }

  private RawClient(OwnedFd socket) {
    this.socket = socket;
    poll.set(0, socket, 0);
  }

  /** Connects, and waits for a place in the server's queue when that is full. */
  public static RawClient connect(Path path) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS);
    while (true) {
      try {
        return new RawClient(UnixSocket.connect(path));
      } catch (NativeException e) {
        if (e.errno() != Libc.EAGAIN || System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }
  }

  /** Connects and agrees on a version, saying nothing of itself. */
  public static RawClient attach(Path path) {
    return attach(path, "");
  }

  public static RawClient attach(Path path, String json) {
    RawClient client = connect(path);
    Reply reply = client.call(1, version(0, 0, json));
    if (reply.errno() != 0) {
      throw new AssertionError("VERSION answered with errno " + reply.errno());
    }
    return client;
  }

  /** Payload of VERSION; without JSON when the text is empty. */
  public static byte[] version(int major, int minor, String json) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    Bytes payload = bytes(4 + (text.length == 0 ? 0 : text.length + 1));
    payload.u16(major).u16(minor).put(text);
    return payload.array();
  }

  public static Bytes bytes(int size) {
    return new Bytes(size);
  }

  /** A payload of 32-bit numbers. */
  public static byte[] words(int... values) {
    Bytes payload = bytes(4 * values.length);
    for (int value : values) {
      payload.u32(value);
    }
    return payload.array();
  }

  public static byte[] message(int id, int command, int flags, byte[] payload) {
    Bytes message = bytes(HEADER + payload.length);
    message.u16(id).u16(command).u32(HEADER + payload.length);
    message.u32(flags).u32(0).put(payload);
    return message.array();
  }

  /** Sends a command and waits for its reply. */
  public Reply call(int command, byte[] payload, OwnedFd... fds) {
    int id = post(command, COMMAND, payload, fds);
    Reply reply = receive();
    if (reply.id() != id || reply.command() != command || (reply.flags() & 0xf) != 1) {
      throw new AssertionError("Not the reply to command " + command + " id " + id + ": " + reply);
    }
    return reply;
  }

  /** Sends a command and gives the errno that it is answered with. */
  public int errno(int command, byte[] payload, OwnedFd... fds) {
    Reply reply = call(command, payload, fds);
    reply.closeDescriptors();
    return reply.errno();
  }

  /** Sends a command and does not wait; gives its id. */
  public int post(int command, int flags, byte[] payload, OwnedFd... fds) {
    int id = nextId++ & 0xffff;
    send(message(id, command, flags, payload), fds);
    return id;
  }

  /** Sends bytes, the descriptors with the first of them. */
  public void send(byte[] message, OwnedFd... fds) {
    send(message, () -> await(PollSet.OUT), fds);
  }

  private void send(byte[] message, Runnable onFull, OwnedFd... fds) {
    List<OwnedFd> attached = Arrays.asList(fds);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = arena.allocate(Math.max(1, message.length));
      MemorySegment.copy(MemorySegment.ofArray(message), 0, all, 0, message.length);
      long at = 0;
      while (at < message.length) {
        long sent = sending.send(socket, all.asSlice(at, message.length - at), attached);
        if (sent == -Libc.EAGAIN) {
          onFull.run();
        } else if (sent < 0) {
          throw new AssertionError("sendmsg: " + Libc.errorText((int) -sent));
        } else {
          at += sent;
          attached = List.of();
        }
      }
    }
  }

  /**
   * As {@link #send}, but forgets replies that are in the way; false when the server has closed.
   */
  public boolean trySend(byte[] message, OwnedFd... fds) {
    Runnable onFull =
        () -> {
          discardAvailable();
          await(PollSet.IN | PollSet.OUT);
        };
    try {
      send(message, onFull, fds);
      return true;
    } catch (AssertionError e) {
      return false;
    }
  }

  public Reply receive() {
    return receiveOrEnd().orElseThrow(() -> new AssertionError("The server closed"));
  }

  /** The next message; empty when the server closes in place of one. */
  public Optional<Reply> receiveOrEnd() {
    byte[] header = read(HEADER);
    if (header.length == 0) {
      return Optional.empty();
    }
    if (header.length < HEADER) {
      throw new AssertionError("The server closed after " + header.length + " bytes of a header");
    }
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int size = fields.getInt(4);
    byte[] payload = read(size - HEADER);
    if (payload.length < size - HEADER) {
      throw new AssertionError("The server closed in the middle of a message");
    }
    List<OwnedFd> arrived = List.copyOf(descriptors);
    descriptors.clear();
    return Optional.of(new Reply(header, payload, arrived));
  }

  /**
   * What one receive call of {@code most} bytes gets once something is there: for clients that call
   * once and take what comes for the whole. Descriptors are added to {@code arrived}.
   */
  public byte[] receiveOnce(int most, List<OwnedFd> arrived) {
    long got;
    do {
      await(PollSet.IN);
      got = receiving.receive(socket, buffer.asSlice(0, most));
    } while (got == -Libc.EAGAIN);
    arrived.addAll(receiving.takeDescriptors());
    return buffer.asSlice(0, Math.max(0, got)).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Takes what has arrived, and forgets it. */
  public void discardAvailable() {
    while (receiving.receive(socket, buffer) > 0) {
      receiving.closeDescriptors();
    }
  }

  /** Whether the server closes the connection without another message. */
  public boolean isClosedByServer() {
    return read(1).length == 0;
  }

  /** Exactly so many bytes, fewer only when the server closed. */
  private byte[] read(int count) {
    ByteArrayOutputStream all = new ByteArrayOutputStream(count);
    while (all.size() < count) {
      MemorySegment room = buffer.asSlice(0, Math.min(buffer.byteSize(), count - all.size()));
      long got = receiving.receive(socket, room);
      if (got == -Libc.EAGAIN) {
        await(PollSet.IN);
        continue;
      }
      if (got <= 0) {
        break;
      }
      descriptors.addAll(receiving.takeDescriptors());
      all.writeBytes(room.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE));
    }
    return all.toByteArray();
  }

  private void await(int events) {
    poll.set(0, socket, events);
    if (poll.poll(TIMEOUT_MILLIS) == 0) {
      throw new AssertionError("Nothing within " + TIMEOUT_MILLIS + " ms");
    }
  }

  /** Ends the connection, as the death of a client does. */
  public void end() {
    close();
  }

  @Override
  public void close() {
    descriptors.forEach(OwnedFd::close);
    descriptors.clear();
    socket.close();
  }
}
