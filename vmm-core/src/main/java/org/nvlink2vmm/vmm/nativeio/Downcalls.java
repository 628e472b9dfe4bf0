package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;

/**
 * Handles of the C library's functions, looked up when the first call is made. A function that is
 * missing, or may not be called, gets a handle that throws {@link NativeException}.
 */
final class Downcalls {
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  /** Where the linker stores errno after a call; one for each thread. */
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(STATE));

  static final MethodHandle CLOSE = of("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  static final MethodHandle FCNTL =
      of(
          "fcntl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  static final MethodHandle MEMFD_CREATE =
      of("memfd_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle FTRUNCATE =
      of("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
  static final MethodHandle FSTAT = of("fstat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
  static final MethodHandle MMAP =
      of(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  static final MethodHandle MUNMAP =
      of("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
  static final MethodHandle MADVISE =
      of("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  static final MethodHandle EVENTFD =
      of("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  static final MethodHandle READ =
      of("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  static final MethodHandle WRITE =
      of("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  static final MethodHandle LSEEK =
      of("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
  static final MethodHandle POLL =
      of("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  static final MethodHandle SOCKET =
      of("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  static final MethodHandle SOCKETPAIR =
      of("socketpair", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
  static final MethodHandle BIND =
      of("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle LISTEN =
      of("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  static final MethodHandle ACCEPT4 =
      of("accept4", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
  static final MethodHandle CONNECT =
      of("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle SETSOCKOPT =
      of(
          "setsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle SHUTDOWN =
      of("shutdown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  static final MethodHandle SENDMSG =
      of("sendmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle RECVMSG =
      of("recvmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  static final MethodHandle STRERROR = of("strerror", FunctionDescriptor.of(ADDRESS, JAVA_INT));

  private Downcalls() {}

  /** The segment that a handle takes as its first argument. */
  static MemorySegment capture() {
    return CAPTURE.get();
  }

  /** The negative of the errno that the last call on this thread left in {@code capture}. */
  static int negativeErrno(MemorySegment capture) {
    return -(int) ERRNO.get(capture, 0L);
  }

  /** What a handle threw: unchecked exceptions as they are, anything else as a broken linker. */
  static RuntimeException unchecked(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException("A foreign call threw", thrown);
    };
  }

  private static MethodHandle of(
      String name, FunctionDescriptor function, Linker.Option... variadic) {
    Linker.Option[] options = new Linker.Option[variadic.length + 1];
    System.arraycopy(variadic, 0, options, 1, variadic.length);
    options[0] = Linker.Option.captureCallState("errno");
    try {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find(name)
          .map(symbol -> linker.downcallHandle(symbol, function, options))
          .orElseGet(() -> refusing(name, function, "the C library has no such function"));
    } catch (IllegalCallerException e) {
      return refusing(
          name,
          function,
          "native access is denied; start java with --enable-native-access=ALL-UNNAMED");
    }
  }

  private static MethodHandle refusing(String name, FunctionDescriptor function, String reason) {
    MethodType type = function.toMethodType();
    try {
      MethodHandle refusal =
          MethodHandles.lookup()
              .findConstructor(
                  NativeException.class,
                  MethodType.methodType(void.class, String.class, int.class, String.class));
      MethodHandle thrower =
          MethodHandles.collectArguments(
              MethodHandles.throwException(type.returnType(), NativeException.class),
              0,
              MethodHandles.insertArguments(refusal, 0, name, 0, reason));
      return MethodHandles.dropArguments(
          MethodHandles.dropArguments(thrower, 0, type.parameterList()), 0, MemorySegment.class);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("No constructor of NativeException", e);
    }
  }
}
