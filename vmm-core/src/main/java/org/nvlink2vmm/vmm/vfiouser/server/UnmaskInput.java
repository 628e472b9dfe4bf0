package org.nvlink2vmm.vmm.vfiouser.server;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.socket.DescriptorIoHandler;

/**
 * An eventfd by which a client unmasks INTx without a message, as KVM does when the guest
 * acknowledges a level-triggered interrupt (drivers/vfio/virqfd.c). What was signalled before it
 * was assigned counts.
 */
final class UnmaskInput implements DescriptorIoHandler.Handle {
  private final EventFd event;
  private final Runnable unmask;
  private IoRegistration registration;

  UnmaskInput(EventFd event, Runnable unmask) {
    this.event = event;
    this.unmask = unmask;
  }

  /** Begins to listen; on the loop. */
  void listen(IoEventLoop loop) {
    loop.register(this)
        .addListener(
            future -> {
              if (future.isSuccess() && event.fd().isOpen()) {
                registration = (IoRegistration) future.getNow();
                DescriptorIoHandler.listen(registration);
              }
            });
  }

  @Override
  public OwnedFd fd() {
    return event.fd();
  }

  @Override
  public void handle(IoRegistration source, IoEvent ready) {
    if (event.take() != 0) {
      unmask.run();
    }
  }

  @Override
  public void close() {
    if (registration != null) {
      registration.cancel();
    }
    event.close();
  }
}
