package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;

/**
 * Runs something when the process gets SIGQUIT. The virtual machine keeps that signal for itself
 * and lets no Java code handle it, but tells the agents of its tool interface that data are to be
 * dumped (JVM TI, DataDumpRequest, "useful for processing command-line signals from users"). This
 * is such an agent, from inside. The virtual machine's own list of threads comes as well, on
 * standard output.
 *
 * <p>Offsets are those of the tables that the JNI and JVM TI specifications number.
 */
public final class DataDumpRequest {
  /** JVMTI_VERSION_1_2: older than any virtual machine that runs this program. */
  private static final int JVMTI_VERSION = 0x3001_0200;

  /** JVMTI_EVENT_DATA_DUMP_REQUEST; the table of callbacks begins with event 50. */
  private static final int EVENT = 71;

  private static final int FIRST_EVENT = 50;
  private static final int EVENTS = 40;
  private static final int JVMTI_ENABLE = 1;

  /** JNI invocation interface, function 7. */
  private static final long GET_ENV = 6L * 8;

  /** JVM TI functions are numbered from 1: SetEventNotificationMode is 2. */
  private static final long SET_EVENT_NOTIFICATION_MODE = (2 - 1) * 8L;

  private static final long SET_EVENT_CALLBACKS = (122 - 1) * 8L;

  private static volatile Runnable action = () -> {};

  private DataDumpRequest() {}

  /**
   * Has something run at each SIGQUIT, on a thread of the virtual machine's; replaces the earlier.
   *
   * @return whether this virtual machine can do it
   */
  public static boolean onRequest(Runnable what) {
    action = what;
    return Installed.RESULT;
  }

  /** Installed with the first use, once. */
  private static final class Installed {
    static final boolean RESULT = install();
  }

  private static boolean install() {
    try {
      Path library = Path.of(System.getProperty("java.home"), "lib", "server", "libjvm.so");
      Linker linker = Linker.nativeLinker();
      SymbolLookup jvm = SymbolLookup.libraryLookup(library, Arena.global());
      MemorySegment environment = environment(linker, jvm);
      MemorySegment callbacks = Arena.global().allocate(EVENTS * 8L, 8);
      MethodHandle requested =
          MethodHandles.lookup()
              .findStatic(
                  DataDumpRequest.class,
                  "requested",
                  MethodType.methodType(void.class, MemorySegment.class));
      MemorySegment stub =
          linker.upcallStub(requested, FunctionDescriptor.ofVoid(ADDRESS), Arena.global());
      callbacks.set(ADDRESS, (EVENT - FIRST_EVENT) * 8L, stub);
      MethodHandle setCallbacks =
          linker.downcallHandle(
              function(environment, SET_EVENT_CALLBACKS),
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
      MethodHandle setMode =
          linker.downcallHandle(
              function(environment, SET_EVENT_NOTIFICATION_MODE),
              FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
              Linker.Option.firstVariadicArg(4));
      int result =
          (int) setCallbacks.invokeExact(environment, callbacks, (int) callbacks.byteSize());
      return result == 0
          && (int) setMode.invokeExact(environment, JVMTI_ENABLE, EVENT, MemorySegment.NULL) == 0;
    } catch (Error e) {
      throw e;
    } catch (Throwable e) {
      return false;
    }
  }

  /** A JVM TI environment of this process's virtual machine. */
  private static MemorySegment environment(Linker linker, SymbolLookup jvm) throws Throwable {
    MethodHandle created =
        linker.downcallHandle(
            jvm.findOrThrow("JNI_GetCreatedJavaVMs"),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(ADDRESS);
      MemorySegment count = arena.allocate(JAVA_INT);
      int result = (int) created.invokeExact(found, 1, count);
      if (result != 0 || count.get(JAVA_INT, 0) != 1) {
        throw new IllegalStateException("No virtual machine");
      }
      MemorySegment machine = found.get(ADDRESS, 0);
      MethodHandle getEnv =
          linker.downcallHandle(
              function(machine, GET_ENV),
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
      MemorySegment environment = arena.allocate(ADDRESS);
      result = (int) getEnv.invokeExact(machine, environment, JVMTI_VERSION);
      if (result != 0) {
        throw new IllegalStateException("GetEnv gives " + result);
      }
      return environment.get(ADDRESS, 0);
    }
  }

  /** A function of an object whose first word leads to its table of functions. */
  private static MemorySegment function(MemorySegment object, long offset) {
    MemorySegment table = object.reinterpret(8).get(ADDRESS, 0);
    return table.reinterpret(offset + 8).get(ADDRESS, offset);
  }

  /** Called by the virtual machine; what is thrown past it would end the process. */
  static void requested(MemorySegment environment) {
    try {
      action.run();
    } catch (RuntimeException e) {
      System.getLogger(DataDumpRequest.class.getName())
          .log(System.Logger.Level.WARNING, "The report failed", e);
    }
  }
}
