package org.nvlink2vmm.vmm.nativeio;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes together with descriptors over a Unix socket: sendmsg and recvmsg with SCM_RIGHTS. One
 * object serves one direction of one socket and reuses its buffers; not for two threads at once.
 * Neither direction blocks.
 *
 * <p>A stream has no message borders: the kernel may give several sends in one receive, and stops
 * only after a piece that carried descriptors. So descriptors belong to the <em>last</em> message
 * that starts in the bytes received with them.
 */
public final class SocketMessage {
  /** Most descriptors in one message (include/net/scm.h, SCM_MAX_FD). */
  public static final int MAX_DESCRIPTORS = 253;

  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  /* struct msghdr of a 64-bit C library, and the struct iovec that is kept behind it. */
  private static final long MSG_IOV = 16;
  private static final long MSG_IOVLEN = 24;
  private static final long MSG_CONTROL = 32;
  private static final long MSG_CONTROLLEN = 40;
  private static final long MSG_FLAGS = 48;
  private static final long MSGHDR_BYTES = 56;
  private static final long IOV_BASE = MSGHDR_BYTES;
  private static final long IOV_LEN = MSGHDR_BYTES + 8;
  private static final long HEADER_BYTES = MSGHDR_BYTES + 16;

  /* struct cmsghdr: size_t length, int level, int type, then the descriptors. */
  private static final long CMSG_LEVEL = 8;
  private static final long CMSG_TYPE = 12;
  private static final long CMSG_DATA = 16;

  private final int maxDescriptors;
  private final MemorySegment header = Arena.ofAuto().allocate(HEADER_BYTES, 8);
  private final MemorySegment control;
  private final List<OwnedFd> received = new ArrayList<>();
  private boolean truncated;

  /**
   * @param maxDescriptors most that one message may carry, 0 to {@link #MAX_DESCRIPTORS}
   */
  public SocketMessage(int maxDescriptors) {
    if (maxDescriptors < 0 || maxDescriptors > MAX_DESCRIPTORS) {
      throw new IllegalArgumentException("Descriptors in a message: " + maxDescriptors);
    }
    this.maxDescriptors = maxDescriptors;
    this.control = Arena.ofAuto().allocate(aligned(CMSG_DATA + 4L * maxDescriptors), 8);
    header.set(ValueLayout.JAVA_LONG, MSG_IOVLEN, 1);
    header.set(POINTER, MSG_IOV, header.asSlice(IOV_BASE));
  }

  /**
   * Sends bytes, with descriptors attached to the first of them. The receiver gets duplicates; the
   * caller keeps its own.
   *
   * @return bytes sent, of which fewer than given is possible and then <em>all</em> descriptors are
   *     sent; or the negative of an errno: EAGAIN when the socket is full, EPIPE when the peer is
   *     gone (no signal is raised)
   */
  public long send(OwnedFd socket, MemorySegment bytes, List<OwnedFd> descriptors) {
    int count = descriptors.size();
    if (count > maxDescriptors) {
      throw new IllegalArgumentException(count + " descriptors, at most " + maxDescriptors);
    }
    if (count == 0) {
      prepare(bytes, MemorySegment.NULL, 0);
    } else {
      long length = CMSG_DATA + 4L * count;
      control.set(ValueLayout.JAVA_LONG, 0, length);
      control.set(ValueLayout.JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
      control.set(ValueLayout.JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
      for (int i = 0; i < count; i++) {
        control.set(ValueLayout.JAVA_INT, CMSG_DATA + 4L * i, descriptors.get(i).number());
      }
      prepare(bytes, control, aligned(length));
    }
    MemorySegment capture = Downcalls.capture();
    long result;
    do {
      try {
        long sent =
            (long)
                Downcalls.SENDMSG.invokeExact(
                    capture, socket.number(), header, MSG_DONTWAIT | MSG_NOSIGNAL);
        result = Libc.result(capture, sent);
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    } while (result == -Libc.EINTR);
    return result;
  }

  /**
   * Receives bytes into {@code target} and takes over the descriptors that come with them, see
   * {@link #takeDescriptors()}; such as were not taken from the message before are closed.
   *
   * @return bytes received, 0 when the peer has closed, or the negative of an errno: EAGAIN when
   *     nothing waits, ECONNRESET
   */
  public long receive(OwnedFd socket, MemorySegment target) {
    closeDescriptors();
    MemorySegment capture = Downcalls.capture();
    long result;
    do {
      prepare(target, control, control.byteSize());
      try {
        long got =
            (long)
                Downcalls.RECVMSG.invokeExact(
                    capture, socket.number(), header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        result = Libc.result(capture, got);
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    } while (result == -Libc.EINTR);
    if (result >= 0) {
      truncated = (header.get(ValueLayout.JAVA_INT, MSG_FLAGS) & MSG_CTRUNC) != 0;
      collectDescriptors();
    }
    return result;
  }

  /** Whether the last message had more descriptors than fit; the kernel has dropped the rest. */
  public boolean descriptorsTruncated() {
    return truncated;
  }

  /** The descriptors of the last message, in order; the caller closes them from now on. */
  public List<OwnedFd> takeDescriptors() {
    if (received.isEmpty()) {
      return List.of();
    }
    List<OwnedFd> taken = List.copyOf(received);
    received.clear();
    return taken;
  }

  /** Closes what the last message brought and nobody took. */
  public void closeDescriptors() {
    if (!received.isEmpty()) {
      received.forEach(OwnedFd::close);
      received.clear();
    }
    truncated = false;
  }

  private void prepare(MemorySegment bytes, MemorySegment ancillary, long length) {
    header.set(POINTER, IOV_BASE, bytes);
    header.set(ValueLayout.JAVA_LONG, IOV_LEN, bytes.byteSize());
    header.set(POINTER, MSG_CONTROL, ancillary);
    header.set(ValueLayout.JAVA_LONG, MSG_CONTROLLEN, length);
    header.set(ValueLayout.JAVA_INT, MSG_FLAGS, 0);
  }

  /** Descriptors of all control messages. Only the kernel writes here, and it writes one. */
  private void collectDescriptors() {
    long end = header.get(ValueLayout.JAVA_LONG, MSG_CONTROLLEN);
    long at = 0;
    while (at + CMSG_DATA <= end) {
      long length = control.get(ValueLayout.JAVA_LONG, at);
      if (length < CMSG_DATA) {
        return;
      }
      if (control.get(ValueLayout.JAVA_INT, at + CMSG_LEVEL) == SOL_SOCKET
          && control.get(ValueLayout.JAVA_INT, at + CMSG_TYPE) == SCM_RIGHTS) {
        for (long fd = at + CMSG_DATA; fd + 4 <= at + length; fd += 4) {
          received.add(new OwnedFd(control.get(ValueLayout.JAVA_INT, fd)));
        }
      }
      at = aligned(at + length);
    }
  }

  private static long aligned(long length) {
    return (length + 7) & -8L;
  }
}
