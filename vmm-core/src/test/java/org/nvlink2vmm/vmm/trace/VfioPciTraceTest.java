package org.nvlink2vmm.vmm.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VfioPciTraceTest {
  @TempDir Path folder;

  private static void emitAll(VfioPciTrace trace) {
    trace.nvgpuMmap("0004:04:00.0", 0x40000000000L, 0x7fff00000000L, 0x2000000000L, 0);
    trace.nvgpuMmapFault("0004:04:00.0", 0x40000010000L, 0x7fff00010000L, 0x100);
    trace.npu2Mmap("0006:00:00.0", 0x6030200800000L, 0x7ffe00000000L, 0x10000, -22);
  }

  @Test
  void textIsTheKernelsPrintFormat() {
    List<String> lines = new ArrayList<>();

    emitAll(new VfioPciTrace(lines::add));

    assertThat(lines)
        .containsExactly(
            "vfio_pci_nvgpu_mmap: 0004:04:00.0: 40000000000 -> 7fff00000000 size=2000000000 ret=0",
            "vfio_pci_nvgpu_mmap_fault: 0004:04:00.0: 40000010000 -> 7fff00010000 ret=256",
            "vfio_pci_npu2_mmap: 0006:00:00.0: 6030200800000 -> 7ffe00000000 size=10000 ret=-22");
  }

  @Test
  void recordingsHoldTheTracepointsFields() throws IOException {
    Path file = folder.resolve("trace.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("vfio_pci_nvgpu_mmap");
      recording.enable("vfio_pci_nvgpu_mmap_fault");
      recording.enable("vfio_pci_npu2_mmap");
      recording.start();
      emitAll(VfioPciTrace.NO_TEXT);
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events = RecordingFile.readAllEvents(file);

    assertThat(events)
        .extracting(event -> event.getEventType().getName())
        .containsExactly("vfio_pci_nvgpu_mmap", "vfio_pci_nvgpu_mmap_fault", "vfio_pci_npu2_mmap");
    RecordedEvent fault = events.get(1);
    assertThat(fault.getString("name")).isEqualTo("0004:04:00.0");
    assertThat(fault.getLong("hpa")).isEqualTo(0x40000010000L);
    assertThat(fault.getLong("ua")).isEqualTo(0x7fff00010000L);
    assertThat(fault.getInt("ret")).isEqualTo(256);
    assertThat(events.get(0).getLong("size")).isEqualTo(0x2000000000L);
    assertThat(events.get(2).getInt("ret")).isEqualTo(-22);
  }
}
