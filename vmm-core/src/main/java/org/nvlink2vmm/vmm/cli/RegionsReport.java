package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.spapr.VphbDevice;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The VFIO regions of a machine's devices, for people and for programs. */
final class RegionsReport {
  private RegionsReport() {}

  /** A region's answer: what it says, or the errno with which it is refused. */
  record Answer(int index, Optional<RegionInfo> info, String errno) {}

  static void print(Machine machine, boolean verbose, PrintWriter out) {
    for (VphbDevice device : machine.devices()) {
      out.println(device.id() + "  " + machine.sourceOf(device.id()));
      for (Answer answer : answers(device.device())) {
        print(answer, verbose, out);
      }
      out.println();
    }
    for (Machine.Failure failure : machine.failures()) {
      out.println(failure.id() + "  " + failure.line());
    }
    if (verbose && machine.host().isPresent()) {
      out.println("what the host kernel asked of firmware:");
      machine.host().get().opalCalls().forEach(call -> out.println("  " + call));
      out.println("what firmware says of errors:");
      machine.host().get().firmwareErrors().forEach(line -> out.println("  " + line));
    }
  }

  static void print(Answer answer, boolean verbose, PrintWriter out) {
    if (answer.info().isEmpty()) {
      out.printf("  %2d  -%s%n", answer.index(), answer.errno());
      return;
    }
    RegionInfo info = answer.info().get();
    if (info.size() == 0 && info.capabilities().isEmpty() && !verbose) {
      return;
    }
    out.printf(
        "  %2d  offset 0x%011x  size 0x%-12x %-4s",
        answer.index(), info.offset(), info.size(), flags(info));
    info.capabilities().forEach(capability -> out.print("  " + text(capability)));
    out.println();
    if (answer.index() >= VfioPciIndex.NUM_REGIONS || verbose) {
      hexLines(bytes(info)).forEach(line -> out.println("        " + line));
    }
  }

  private static String flags(RegionInfo info) {
    return (info.has(RegionInfo.READ) ? "r" : "-")
        + (info.has(RegionInfo.WRITE) ? "w" : "-")
        + (info.has(RegionInfo.MMAP) ? "m" : "-")
        + (info.capabilities().isEmpty() ? "-" : "c");
  }

  private static String text(RegionCapability capability) {
    return switch (capability) {
      case RegionCapability.RegionType type ->
          "type 0x%08x/%d".formatted(type.type(), type.subtype());
      case RegionCapability.Nvlink2SsaTarget target -> "tgt 0x%x".formatted(target.tgt());
      case RegionCapability.Nvlink2LinkSpeed speed -> "link-speed " + speed.speed();
      case RegionCapability.Npu2Draft draft ->
          "tgt 0x%x link-speed %d (v4)".formatted(draft.tgt(), draft.speed());
      case RegionCapability.SparseMmap sparse -> "sparse-mmap " + sparse.areas();
      case RegionCapability.MsixMappable _ -> "msix-mappable";
      case RegionCapability.UnknownCapability unknown ->
          "capability %d v%d %s".formatted(unknown.id(), unknown.version(), unknown.body());
    };
  }

  static ObjectNode json(Machine machine) {
    ObjectNode document = Json.object();
    ArrayNode devices = document.putArray("devices");
    for (VphbDevice device : machine.devices()) {
      ObjectNode entry =
          devices.addObject().put("id", device.id()).put("source", machine.sourceOf(device.id()));
      ArrayNode regions = entry.putArray("regions");
      for (Answer answer : answers(device.device())) {
        region(regions.addObject(), answer);
      }
    }
    ArrayNode failures = document.putArray("failures");
    for (Machine.Failure failure : machine.failures()) {
      failures
          .addObject()
          .put("id", failure.id())
          .put("errno", failure.errno().name())
          .put("message", failure.line());
    }
    return document;
  }

  static void region(ObjectNode entry, Answer answer) {
    entry.put("index", answer.index());
    if (answer.info().isEmpty()) {
      entry.put("errno", answer.errno());
      return;
    }
    RegionInfo info = answer.info().get();
    int flags = info.flags() | (info.capabilities().isEmpty() ? 0 : RegionInfo.CAPS);
    entry
        .put("offset", Json.hex(info.offset()))
        .put("size", Json.hex(info.size()))
        .put("flags", flags);
    info.capability(RegionCapability.RegionType.class)
        .ifPresent(
            type ->
                entry
                    .put("type", Json.hex(type.type() & 0xffffffffL))
                    .put("subtype", type.subtype()));
    ArrayNode capabilities = entry.putArray("capabilities");
    info.capabilities().forEach(capability -> capability(capabilities.addObject(), capability));
    entry.put("info", HexFormat.of().formatHex(bytes(info)));
  }

  private static void capability(ObjectNode entry, RegionCapability capability) {
    entry.put("id", capability.id()).put("version", capability.version());
    switch (capability) {
      case RegionCapability.RegionType type ->
          entry
              .put("name", "type")
              .put("type", Json.hex(type.type() & 0xffffffffL))
              .put("subtype", type.subtype());
      case RegionCapability.Nvlink2SsaTarget target ->
          entry.put("name", "nvlink2-ssatgt").put("tgt", Json.hex(target.tgt()));
      case RegionCapability.Nvlink2LinkSpeed speed ->
          entry.put("name", "nvlink2-lnkspd").put("linkSpeed", speed.speed());
      case RegionCapability.Npu2Draft draft ->
          entry
              .put("name", "npu2")
              .put("tgt", Json.hex(draft.tgt()))
              .put("linkSpeed", draft.speed());
      case RegionCapability.SparseMmap sparse -> {
        ArrayNode areas = entry.put("name", "sparse-mmap").putArray("areas");
        sparse
            .areas()
            .forEach(
                area ->
                    areas
                        .addObject()
                        .put("offset", Json.hex(area.offset()))
                        .put("size", Json.hex(area.size())));
      }
      case RegionCapability.MsixMappable _ -> entry.put("name", "msix-mappable");
      case RegionCapability.UnknownCapability unknown ->
          entry.put("name", "unknown").put("body", unknown.body());
    }
  }

  static List<Answer> answers(VfioDevice device) {
    List<Answer> answers = new ArrayList<>();
    int regions = device.info().numRegions();
    for (int index = 0; index < regions; index++) {
      try {
        answers.add(new Answer(index, Optional.of(device.regionInfo(index)), ""));
      } catch (VfioException e) {
        answers.add(new Answer(index, Optional.empty(), e.errno().name()));
      }
    }
    return answers;
  }

  /** What the ioctl leaves in a buffer that is large enough. */
  private static byte[] bytes(RegionInfo info) {
    return RegionInfoCodec.encode(info);
  }

  private static List<String> hexLines(byte[] bytes) {
    List<String> lines = new ArrayList<>();
    MemorySegment segment = MemorySegment.ofArray(bytes);
    for (int at = 0; at < bytes.length; at += 16) {
      int length = Math.min(16, bytes.length - at);
      byte[] line = segment.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
      lines.add("%03x: %s".formatted(at, HexFormat.ofDelimiter(" ").formatHex(line)));
    }
    return lines;
  }
}
