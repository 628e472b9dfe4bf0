package org.nvlink2vmm.vmm.trace;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * The tracepoints of the kernel's NVLink2 driver: each is a Java Flight Recorder event of the
 * tracepoint's name and, with a text sink, a line {@code event: } followed by the kernel's print
 * format (Linux drivers/vfio/pci/trace.h). Nobody listening costs a test of a field each.
 *
 * <p>Any thread may emit; the sink must stand that.
 */
public final class VfioPciTrace {
  /** No text; flight recordings still see the events. */
  public static final VfioPciTrace NO_TEXT = new VfioPciTrace();

  private final boolean text;
  private final Consumer<String> sink;

  private VfioPciTrace() {
    text = false;
    sink = line -> {};
  }

  /** Writes each event to {@code sink}, too, one line a call without a line end. */
  public VfioPciTrace(Consumer<String> sink) {
    this.text = true;
    this.sink = Objects.requireNonNull(sink, "sink");
  }

  /**
   * vfio_pci_nvgpu_mmap.
   *
   * @param name PCI address of the GPU
   * @param hpa host-physical address of its memory
   * @param ua user address of the mapping
   * @param size bytes
   * @param ret 0 or the negative of an errno
   */
  public void nvgpuMmap(String name, long hpa, long ua, long size, int ret) {
    NvgpuMmapEvent event = new NvgpuMmapEvent();
    if (event.shouldCommit()) {
      event.name = name;
      event.hpa = hpa;
      event.ua = ua;
      event.size = size;
      event.ret = ret;
      event.commit();
    }
    if (text) {
      sink.accept(mmapLine("vfio_pci_nvgpu_mmap", name, hpa, ua, size, ret));
    }
  }

  /**
   * vfio_pci_nvgpu_mmap_fault.
   *
   * @param name PCI address of the GPU
   * @param hpa host-physical address of the page
   * @param ua user address that was touched
   * @param ret vm_fault_t, 0x100 when the page was inserted
   */
  public void nvgpuMmapFault(String name, long hpa, long ua, int ret) {
    NvgpuMmapFaultEvent event = new NvgpuMmapFaultEvent();
    if (event.shouldCommit()) {
      event.name = name;
      event.hpa = hpa;
      event.ua = ua;
      event.ret = ret;
      event.commit();
    }
    if (text) {
      sink.accept("vfio_pci_nvgpu_mmap_fault: %s: %x -> %x ret=%d".formatted(name, hpa, ua, ret));
    }
  }

  /** vfio_pci_npu2_mmap; parameters as for {@link #nvgpuMmap}. */
  public void npu2Mmap(String name, long hpa, long ua, long size, int ret) {
    Npu2MmapEvent event = new Npu2MmapEvent();
    if (event.shouldCommit()) {
      event.name = name;
      event.hpa = hpa;
      event.ua = ua;
      event.size = size;
      event.ret = ret;
      event.commit();
    }
    if (text) {
      sink.accept(mmapLine("vfio_pci_npu2_mmap", name, hpa, ua, size, ret));
    }
  }

  private static String mmapLine(String event, String name, long hpa, long ua, long size, int ret) {
    return "%s: %s: %x -> %x size=%x ret=%d".formatted(event, name, hpa, ua, size, ret);
  }
}
