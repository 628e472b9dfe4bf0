package org.nvlink2vmm.vmm.vfiouser.client;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.socket.DescriptorIoHandler;

/** Eventfds that a server signals, and who is told. */
final class InterruptInputs implements AutoCloseable {
  private final IoEventLoop loop;
  private final List<Input> inputs = new ArrayList<>();
  private volatile InterruptSink sink = InterruptSink.NONE;

  InterruptInputs(IoEventLoop loop) {
    this.loop = loop;
  }

  void connect(InterruptSink to) {
    sink = to;
  }

  /** Whether there are eventfds already: they are made once and stay. */
  boolean isEmpty() {
    return inputs.isEmpty();
  }

  /** Makes an eventfd for each vector of an interrupt index. */
  List<OwnedFd> add(int index, int vectors) {
    List<OwnedFd> made = new ArrayList<>();
    for (int vector = 0; vector < vectors; vector++) {
      Input input = new Input(index, vector);
      inputs.add(input);
      input.registration = loop.register(input).syncUninterruptibly().getNow();
      loop.execute(input::listen);
      made.add(input.fd());
    }
    return made;
  }

  /** Ends listening; the loop still runs. */
  @Override
  public void close() {
    for (Input input : inputs) {
      loop.submit(input::close).syncUninterruptibly();
    }
    inputs.clear();
  }

  private final class Input implements DescriptorIoHandler.Handle {
    private final int index;
    private final int vector;
    private final EventFd event = EventFd.createShared();
    private IoRegistration registration;

    Input(int index, int vector) {
      this.index = index;
      this.vector = vector;
    }

    void listen() {
      DescriptorIoHandler.listen(registration);
    }

    @Override
    public OwnedFd fd() {
      return event.fd();
    }

    @Override
    public void handle(IoRegistration source, IoEvent ready) {
      if (event.take() != 0) {
        sink.trigger(index, vector);
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
}
