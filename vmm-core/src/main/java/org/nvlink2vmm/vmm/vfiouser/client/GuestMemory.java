package org.nvlink2vmm.vmm.vfiouser.client;

import java.util.List;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaMap;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaUnmap;

/**
 * What of the guest's memory a server's device reaches: memory that is in a file is given with it,
 * so that the server touches it itself; where no memory has one, all addresses are offered without,
 * and the server asks by message for what it needs.
 */
final class GuestMemory {
  /** What libvfio-user maps at most. */
  private static final long MOST = 8L << 40;

  /** Where pseries guests put their second DMA window (PAPR, ibm,create-pe-dma-window). */
  private static final long HUGE_WINDOW = 0x0800_0000_0000_0000L;

  private final Requests requests;
  private final DmaAnswers answers;
  private boolean offered;
  private boolean offeredByMessage;

  GuestMemory(Requests requests, DmaAnswers answers) {
    this.requests = requests;
    this.answers = answers;
  }

  /** Replaces what was offered before. */
  void attach(DmaSpace memory) {
    answers.attach(memory);
    List<DmaSpace.Shared> shared = memory.shared();
    boolean byMessage = shared.isEmpty() && !memory.equals(DmaSpace.NONE);
    if (offered && !(byMessage && offeredByMessage)) {
      OutboundMessage request =
          Requests.words(DmaUnmap.BYTES, DmaUnmap.BYTES, DmaUnmap.ALL, 0, 0, 0, 0);
      requests.ask(Command.DMA_UNMAP, request, DmaUnmap.BYTES, 0);
      offered = false;
    }
    if (byMessage && !offered) {
      map(request(DmaMap.READABLE | DmaMap.WRITABLE, 0, MOST));
      map(request(DmaMap.READABLE | DmaMap.WRITABLE, HUGE_WINDOW, MOST));
    }
    for (DmaSpace.Shared range : shared) {
      int rights = DmaMap.READABLE | (range.writable() ? DmaMap.WRITABLE : 0);
      OutboundMessage request = request(rights, range.iova(), range.size());
      request.u64(DmaMap.OFFSET, range.offset());
      map(request.with(range.fd()));
    }
    offered = byMessage || !shared.isEmpty();
    offeredByMessage = byMessage;
  }

  private static OutboundMessage request(int rights, long iova, long size) {
    OutboundMessage request = Requests.words(DmaMap.BYTES, DmaMap.BYTES, rights, 0, 0);
    request.u64(DmaMap.IOVA, iova);
    request.u64(DmaMap.SIZE, size);
    return request;
  }

  private void map(OutboundMessage request) {
    requests.ask(Command.DMA_MAP, request, DmaMap.BYTES, 0);
  }
}
