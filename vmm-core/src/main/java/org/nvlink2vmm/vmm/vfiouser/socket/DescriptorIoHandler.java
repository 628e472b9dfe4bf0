package org.nvlink2vmm.vmm.vfiouser.socket;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for any kind of descriptor with poll(2), for one event loop. Netty's own handlers come with
 * native libraries that POWER hosts do not have, and know no channel that takes descriptors.
 *
 * <p>It can ask again and again for a while before it blocks: waking a sleeping core is nearly all
 * that a small message costs, and the next one often comes within microseconds. All methods but
 * {@link #wakeup()} belong to the loop's thread.
 */
public final class DescriptorIoHandler implements IoHandler {
  /** What an event loop of this handler can serve. */
  public interface Handle extends IoHandle {
    /** Stays open as long as the handle is registered. */
    OwnedFd fd();

    @Override
    void close();
  }

  /**
   * What a handle waits for.
   *
   * @param events bits of {@link PollSet}
   */
  record Interest(int events) implements IoOps {}

  /**
   * What a handle is told.
   *
   * @param events bits of {@link PollSet}
   */
  record Ready(int events) implements IoEvent {}

  private static final Logger LOG = LoggerFactory.getLogger(DescriptorIoHandler.class);
  private static final int WAKE_SLOT = 0;

  /** poll reports IN, PRI, OUT, ERR, HUP and NVAL: six bits. */
  private static final int KINDS_OF_EVENT = 64;

  /** Longer waits are cut; the loop then asks again. */
  private static final long LONGEST_WAIT_MILLIS = TimeUnit.DAYS.toMillis(1);

  private final ThreadAwareExecutor executor;
  private final long spinNanos;
  private final EventFd wake = EventFd.create();
  private final AtomicBoolean woken = new AtomicBoolean();
  private final PollSet poll = new PollSet();
  private final List<Registration> registrations = new ArrayList<>();
  private final Ready[] events = new Ready[KINDS_OF_EVENT];

  private DescriptorIoHandler(ThreadAwareExecutor executor, Duration spin) {
    this.executor = executor;
    this.spinNanos = spin.toNanos();
    for (int bits = 0; bits < KINDS_OF_EVENT; bits++) {
      events[bits] = new Ready(bits);
    }
    poll.set(WAKE_SLOT, wake.fd(), PollSet.IN);
    registrations.add(null);
  }

  /**
   * @param spin how long to ask without blocking after the last event; zero for not at all
   */
  public static IoHandlerFactory factory(Duration spin) {
    return executor -> new DescriptorIoHandler(executor, spin);
  }

  /** Has a handle told when its descriptor can be read. On the loop's thread. */
  public static void listen(IoRegistration registration) {
    registration.submit(new Interest(PollSet.IN));
  }

  @Override
  public int run(IoHandlerContext context) {
    int found = context.canBlock() ? await(context) : poll.poll(0);
    if (found <= 0) {
      return 0;
    }
    if (poll.ready(WAKE_SLOT) != 0) {
      wake.take();
      woken.set(false);
      found--;
    }
    int handled = 0;
    for (int slot = WAKE_SLOT + 1; slot < poll.slots() && handled < found; slot++) {
      int ready = poll.ready(slot);
      if (ready != 0) {
        handled++;
        dispatch(registrations.get(slot), ready);
      }
    }
    return handled;
  }

  private int await(IoHandlerContext context) {
    int found = poll.poll(0);
    if (spinNanos > 0 && found == 0) {
      long start = System.nanoTime();
      do {
        Thread.onSpinWait();
        found = poll.poll(0);
      } while (found == 0 && System.nanoTime() - start < spinNanos);
    }
    if (found != 0) {
      return found;
    }
    long delay = context.delayNanos(System.nanoTime());
    if (delay < 0) {
      return poll.poll(-1);
    }
    long millis = Math.min(LONGEST_WAIT_MILLIS, TimeUnit.NANOSECONDS.toMillis(delay + 999_999));
    return poll.poll((int) millis);
  }

  private void dispatch(Registration registration, int ready) {
    if (registration == null) {
      return;
    }
    try {
      registration.handle.handle(registration, events[ready & (KINDS_OF_EVENT - 1)]);
    } catch (RuntimeException e) {
      LOG.error("A handler failed; its descriptor is closed", e);
      registration.handle.close();
    }
  }

  @Override
  public IoRegistration register(IoHandle handle) {
    Registration registration = new Registration((Handle) handle, freeSlot());
    if (registration.slot == registrations.size()) {
      registrations.add(registration);
    } else {
      registrations.set(registration.slot, registration);
    }
    poll.set(registration.slot, registration.handle.fd(), 0);
    handle.registered();
    return registration;
  }

  private int freeSlot() {
    int slot = registrations.subList(WAKE_SLOT + 1, registrations.size()).indexOf(null);
    return slot < 0 ? registrations.size() : slot + WAKE_SLOT + 1;
  }

  @Override
  public void wakeup() {
    if (!executor.isExecutorThread(Thread.currentThread()) && woken.compareAndSet(false, true)) {
      wake.signal();
    }
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return Handle.class.isAssignableFrom(handleType);
  }

  @Override
  public void prepareToDestroy() {
    for (Registration registration : List.copyOf(live())) {
      registration.handle.close();
    }
  }

  private List<Registration> live() {
    return registrations.stream().filter(registration -> registration != null).toList();
  }

  @Override
  public void destroy() {
    wake.close();
  }

  private final class Registration implements IoRegistration {
    private final Handle handle;
    private final int slot;
    private boolean valid = true;

    Registration(Handle handle, int slot) {
      this.handle = handle;
      this.slot = slot;
    }

    @Override
    // The interface leaves the type to the caller.
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    public <T> T attachment() {
      return (T) DescriptorIoHandler.this;
    }

    @Override
    public long submit(IoOps ops) {
      if (valid) {
        poll.set(slot, handle.fd(), ((Interest) ops).events());
      }
      return 0;
    }

    @Override
    public boolean isValid() {
      return valid;
    }

    @Override
    public boolean cancel() {
      if (!valid) {
        return false;
      }
      valid = false;
      registrations.set(slot, null);
      poll.clear(slot);
      handle.unregistered();
      return true;
    }
  }
}
