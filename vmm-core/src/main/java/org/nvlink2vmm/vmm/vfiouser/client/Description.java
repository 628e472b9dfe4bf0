package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfiouser.codec.Capabilities;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.Version;
import org.nvlink2vmm.vmm.vfiouser.codec.ProtocolException;
import org.nvlink2vmm.vmm.vfiouser.codec.Wire;

/** Asks a server what it and its device are: VERSION and the GET commands. */
final class Description {
  private static final int MOST_REGIONS = 100;
  private static final int MOST_IRQS = 50;
  private static final String OURS =
      "{\"capabilities\":{\"max_msg_fds\":16,\"migration\":{\"pgsize\":4096}}}";

  private final Requests requests;

  Description(Requests requests) {
    this.requests = requests;
  }

  /** What is said of a region, and the file that came with it, which is the asker's to close. */
  record Described(RegionInfo info, Optional<OwnedFd> file) {}

  /** Agrees on a version; gives what the server says of itself. */
  Capabilities version() {
    byte[] json = OURS.getBytes(StandardCharsets.US_ASCII);
    int payload = Version.JSON + json.length + 1;
    OutboundMessage request = new OutboundMessage(Header.BYTES + payload);
    request.u16(Version.MAJOR, 0);
    request.u16(Version.MINOR, 0);
    MemorySegment.copy(
        MemorySegment.ofArray(json), 0, request.bytes(), Header.BYTES + Version.JSON, json.length);
    MemorySegment answer = requests.ask(Command.VERSION, request, payload, Version.JSON);
    if (Wire.u16(answer, Version.MAJOR) != 0) {
      throw requests.malformed(
          "VERSION: protocol " + Wire.u16(answer, Version.MAJOR) + ", expected 0");
    }
    byte[] text = answer.asSlice(Version.JSON).toArray(ValueLayout.JAVA_BYTE);
    try {
      int length = text.length > 0 && text[text.length - 1] == 0 ? text.length - 1 : text.length;
      return Capabilities.parse(Arrays.copyOf(text, length));
    } catch (ProtocolException e) {
      throw requests.malformed("VERSION: " + e.getMessage());
    }
  }

  DeviceInfo device() {
    int size = Payload.DeviceInfo.BYTES;
    OutboundMessage request = Requests.words(size, size, 0, 0, 0);
    MemorySegment answer = requests.ask(Command.DEVICE_GET_INFO, request, size, size);
    return new DeviceInfo(
        Wire.u32(answer, Payload.DeviceInfo.FLAGS),
        requests.atMost("regions", Wire.u32(answer, Payload.DeviceInfo.REGIONS), MOST_REGIONS),
        requests.atMost("interrupts", Wire.u32(answer, Payload.DeviceInfo.IRQS), MOST_IRQS));
  }

  Described region(int index) {
    List<OwnedFd> files = new ArrayList<>();
    try {
      RegionInfo said = RegionInfoCodec.query(index, structure -> region(structure, files));
      if (said.index() != index) {
        throw requests.malformed("region " + index + " answers as region " + said.index());
      }
      Optional<OwnedFd> file =
          said.has(RegionInfo.MMAP) && !files.isEmpty()
              ? Optional.of(files.removeLast())
              : Optional.empty();
      return new Described(said, file);
    } finally {
      files.forEach(OwnedFd::close);
    }
  }

  private int region(MemorySegment structure, List<OwnedFd> files) {
    int size = Payload.RegionInfo.BYTES;
    OutboundMessage request = new OutboundMessage(Header.BYTES + size);
    MemorySegment.copy(structure, 0, request.bytes(), Header.BYTES, size);
    Reply reply = requests.connection().call(Command.DEVICE_GET_REGION_INFO, request, size);
    files.addAll(reply.descriptors());
    if (reply.errno() != 0) {
      return -reply.errno();
    }
    if (reply.payload().byteSize() < size) {
      throw requests.malformed("region info of " + reply.payload().byteSize() + " bytes");
    }
    long length = Math.min(reply.payload().byteSize(), structure.byteSize());
    MemorySegment.copy(reply.payload(), 0, structure, 0, length);
    return 0;
  }

  IrqInfo irq(int index) {
    int size = Payload.IrqInfo.BYTES;
    OutboundMessage request = Requests.words(size, size, 0, index, 0);
    MemorySegment answer = requests.ask(Command.DEVICE_GET_IRQ_INFO, request, size, size);
    return new IrqInfo(
        index,
        Wire.u32(answer, Payload.IrqInfo.FLAGS),
        requests.atMost("vectors", Wire.u32(answer, Payload.IrqInfo.COUNT), 1 << 16));
  }
}
