package org.nvlink2vmm.vmm.vfiouser.server;

import io.netty.channel.IoEventLoop;
import java.util.Optional;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Descriptors;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.SetIrqs;

/** DEVICE_SET_IRQS (vfio.h, VFIO_DEVICE_SET_IRQS). */
final class IrqCommands implements AutoCloseable {
  private static final int KNOWN_FLAGS = SetIrqs.DATA | SetIrqs.ACTION;

  private final VfioDevice device;
  private final InterruptOutputs outputs;
  private Optional<UnmaskInput> unmask = Optional.empty();

  IrqCommands(VfioDevice device, InterruptOutputs outputs) {
    this.device = device;
    this.outputs = outputs;
  }

  /**
   * @param loop the session's, which listens to eventfds
   */
  int set(Message request, IoEventLoop loop) {
    if (!isSound(request)) {
      return Failure.EINVAL;
    }
    int flags = request.u32(SetIrqs.FLAGS);
    int index = request.u32(SetIrqs.INDEX);
    int start = request.u32(SetIrqs.START);
    int count = request.u32(SetIrqs.COUNT);
    if (count == 0) {
      outputs.disable(index);
      if (index == VfioPciIndex.INTX_IRQ) {
        dropUnmask();
      }
      return 0;
    }
    if ((flags & (SetIrqs.EVENTFD | SetIrqs.TRIGGER)) == SetIrqs.EVENTFD) {
      return maskByEventFd(request, index, flags & SetIrqs.ACTION, loop);
    }
    return switch (flags & SetIrqs.ACTION) {
      case SetIrqs.TRIGGER -> trigger(request, flags, index, start, count);
      case SetIrqs.MASK -> mask(request, index, start, count, true);
      default -> mask(request, index, start, count, false);
    };
  }

  private boolean isSound(Message request) {
    if (request.payload() < SetIrqs.BYTES
        || Integer.compareUnsigned(request.u32(Payload.ARGSZ), SetIrqs.BYTES) < 0) {
      return false;
    }
    int flags = request.u32(SetIrqs.FLAGS);
    int data = flags & SetIrqs.DATA;
    int action = flags & SetIrqs.ACTION;
    int index = request.u32(SetIrqs.INDEX);
    if ((flags & ~KNOWN_FLAGS) != 0
        || Integer.bitCount(data) != 1
        || Integer.bitCount(action) != 1
        || Integer.compareUnsigned(index, outputs.count()) >= 0) {
      return false;
    }
    int count = request.u32(SetIrqs.COUNT);
    int fds = request.descriptors().count();
    if (count == 0) {
      boolean disable = flags == (SetIrqs.NONE | SetIrqs.TRIGGER);
      return disable && fds == 0 && request.u32(SetIrqs.START) == 0;
    }
    long end = Integer.toUnsignedLong(request.u32(SetIrqs.START)) + Integer.toUnsignedLong(count);
    boolean maskable = index != VfioPciIndex.ERR_IRQ && index != VfioPciIndex.REQ_IRQ;
    return end <= outputs.vectors(index)
        && (maskable || action == SetIrqs.TRIGGER)
        && dataFit(request, data, count, fds);
  }

  private static boolean dataFit(Message request, int data, int count, int fds) {
    return switch (data) {
      case SetIrqs.EVENTFD -> fds == 0 || fds == count;
      case SetIrqs.BOOL -> fds == 0 && request.payload() - SetIrqs.BYTES == count;
      default -> fds == 0;
    };
  }

  private int trigger(Message request, int flags, int index, int start, int count) {
    if ((flags & SetIrqs.EVENTFD) != 0) {
      return assign(request.descriptors(), index, start, count);
    }
    for (int i = 0; i < count; i++) {
      if (isSelected(request, i)) {
        outputs.trigger(index, start + i);
      }
    }
    return 0;
  }

  private int assign(Descriptors descriptors, int index, int start, int count) {
    boolean take = descriptors.count() == 0;
    for (int i = 0; i < count; i++) {
      if (take) {
        outputs.assign(index, start + i, Optional.empty());
        continue;
      }
      OwnedFd fd = descriptors.take();
      if (!Libc.isEventFd(fd)) {
        fd.close();
        return Failure.EINVAL;
      }
      outputs.assign(index, start + i, Optional.of(new EventFd(fd)));
    }
    return 0;
  }

  /**
   * Masking by eventfd, of which the kernel has one kind (vfio_pci_set_intx_unmask): an eventfd
   * unmasks INTx; without one the earlier is taken away.
   */
  private int maskByEventFd(Message request, int index, int action, IoEventLoop loop) {
    if (index != VfioPciIndex.INTX_IRQ || action != SetIrqs.UNMASK) {
      return Failure.ENOTTY;
    }
    if (request.descriptors().count() == 0) {
      dropUnmask();
      return 0;
    }
    if (unmask.isPresent()) {
      return Failure.EBUSY;
    }
    OwnedFd fd = request.descriptors().take();
    if (!Libc.isEventFd(fd)) {
      fd.close();
      return Failure.EINVAL;
    }
    UnmaskInput input = new UnmaskInput(new EventFd(fd), () -> device.maskIntx(false));
    unmask = Optional.of(input);
    input.listen(loop);
    return 0;
  }

  private void dropUnmask() {
    unmask.ifPresent(UnmaskInput::close);
    unmask = Optional.empty();
  }

  @Override
  public void close() {
    dropUnmask();
  }

  private int mask(Message request, int index, int start, int count, boolean mask) {
    for (int i = 0; i < count; i++) {
      if (!isSelected(request, i)) {
        continue;
      }
      if (index == VfioPciIndex.INTX_IRQ) {
        device.maskIntx(mask);
      } else {
        outputs.mask(index, start + i, mask);
      }
    }
    return 0;
  }

  private static boolean isSelected(Message request, int vector) {
    return (request.u32(SetIrqs.FLAGS) & SetIrqs.BOOL) == 0
        || request.u8(SetIrqs.BYTES + vector) != 0;
  }
}
