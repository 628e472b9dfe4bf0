package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;

/** What a device is: GET_INFO, GET_REGION_INFO, GET_REGION_IO_FDS, GET_IRQ_INFO. */
final class DeviceCommands {
  /** More than any answer needs; a larger argsz is a mistake. */
  private static final int MOST_ARGSZ = 1 << 20;

  private final VfioDevice device;
  private final ServedRegions regions;

  DeviceCommands(VfioDevice device, ServedRegions regions) {
    this.device = device;
    this.regions = regions;
  }

  int info(Message request, OutboundMessage reply) {
    if (argszBelow(request, Payload.DeviceInfo.BYTES)) {
      return Failure.EINVAL;
    }
    DeviceInfo info = device.info();
    reply.u32(Payload.ARGSZ, Payload.DeviceInfo.BYTES);
    reply.u32(Payload.DeviceInfo.FLAGS, info.flags());
    reply.u32(Payload.DeviceInfo.REGIONS, info.numRegions());
    reply.u32(Payload.DeviceInfo.IRQS, info.numIrqs());
    return Payload.DeviceInfo.BYTES;
  }

  /** Without room for the capabilities: the fixed part, and how much room is needed. */
  int regionInfo(Message request, OutboundMessage reply) {
    if (argszBelow(request, Payload.RegionInfo.BYTES)) {
      return Failure.EINVAL;
    }
    int index = request.u32(Payload.RegionInfo.INDEX);
    if (!regions.exists(index)) {
      return Failure.EINVAL;
    }
    ServedRegions.Region answer = regions.answer(index);
    byte[] whole = answer.encoded();
    boolean fits = Integer.compareUnsigned(request.u32(Payload.ARGSZ), whole.length) >= 0;
    int size = fits ? whole.length : Payload.RegionInfo.BYTES;
    reply.clear(Header.BYTES + size);
    MemorySegment.copy(MemorySegment.ofArray(whole), 0, reply.bytes(), Header.BYTES, size);
    reply.u32(Payload.ARGSZ, whole.length);
    if (fits) {
      answer.file().ifPresent(reply::with);
    } else {
      reply.u32(Payload.RegionInfo.FLAGS, answer.info().flags());
      reply.u32(Payload.RegionInfo.CAP_OFFSET, 0);
    }
    return size;
  }

  /** No region signals by descriptor, which the protocol says with an answer of none. */
  int regionIoFds(Message request, OutboundMessage reply) {
    if (argszBelow(request, Payload.RegionIoFds.BYTES)
        || Integer.compareUnsigned(request.u32(Payload.ARGSZ), MOST_ARGSZ) > 0
        || request.u32(Payload.RegionIoFds.FLAGS) != 0
        || request.u32(Payload.RegionIoFds.COUNT) != 0) {
      return Failure.EINVAL;
    }
    int index = request.u32(Payload.RegionIoFds.INDEX);
    if (!regions.exists(index)
        || (regions.info(index).flags() & (RegionInfo.READ | RegionInfo.WRITE)) == 0) {
      return Failure.EINVAL;
    }
    reply.u32(Payload.ARGSZ, Payload.RegionIoFds.BYTES);
    reply.u32(Payload.RegionIoFds.FLAGS, 0);
    reply.u32(Payload.RegionIoFds.INDEX, index);
    reply.u32(Payload.RegionIoFds.COUNT, 0);
    return Payload.RegionIoFds.BYTES;
  }

  int irqInfo(Message request, OutboundMessage reply) {
    if (argszBelow(request, Payload.IrqInfo.BYTES)) {
      return Failure.EINVAL;
    }
    int index = request.u32(Payload.IrqInfo.INDEX);
    if (Integer.compareUnsigned(index, device.info().numIrqs()) >= 0) {
      return Failure.EINVAL;
    }
    IrqInfo info = irqInfo(device, index);
    reply.u32(Payload.ARGSZ, Payload.IrqInfo.BYTES);
    reply.u32(Payload.IrqInfo.FLAGS, info.flags());
    reply.u32(Payload.IrqInfo.INDEX, index);
    reply.u32(Payload.IrqInfo.COUNT, info.count());
    return Payload.IrqInfo.BYTES;
  }

  /**
   * An interrupt index as clients are told. ERR and REQ of a PCI device have one vector in any
   * case: QEMU warns when it cannot assign ERR. An index that the device refuses has none.
   */
  static IrqInfo irqInfo(VfioDevice device, int index) {
    IrqInfo info;
    try {
      info = device.irqInfo(index);
    } catch (VfioException e) {
      info = new IrqInfo(index, IrqInfo.EVENTFD, 0);
    }
    boolean always = index == VfioPciIndex.ERR_IRQ || index == VfioPciIndex.REQ_IRQ;
    boolean pci = (device.info().flags() & DeviceInfo.PCI) != 0;
    return always && pci && info.count() == 0 ? new IrqInfo(index, IrqInfo.EVENTFD, 1) : info;
  }

  /**
   * Whether the payload, or the room that the client claims to have, is less than the structure.
   */
  private static boolean argszBelow(Message request, int structure) {
    return request.payload() < structure
        || Integer.compareUnsigned(request.u32(Payload.ARGSZ), structure) < 0;
  }
}
