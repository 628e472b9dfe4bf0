package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.Optional;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaMap;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaUnmap;

/** DMA_MAP and DMA_UNMAP. */
final class DmaCommands implements AutoCloseable {
  private static final int MAP_FLAGS =
      DmaMap.READABLE | DmaMap.WRITABLE | DmaMap.BY_MMAP | DmaMap.BY_FILE_IO;

  private static final int RIGHTS = DmaMap.READABLE | DmaMap.WRITABLE;

  /** More than any answer needs; a larger argsz is a mistake. */
  private static final int MOST_ARGSZ = 1 << 20;

  private final DmaMappings mappings;
  private final FileMappings files = new FileMappings();
  private final boolean strictUnmap;

  DmaCommands(DmaMappings mappings, boolean strictUnmap) {
    this.mappings = mappings;
    this.strictUnmap = strictUnmap;
  }

  int map(Message request) {
    if (request.payload() < DmaMap.BYTES
        || Integer.compareUnsigned(request.u32(Payload.ARGSZ), DmaMap.BYTES) < 0) {
      return Failure.EINVAL;
    }
    int flags = request.u32(DmaMap.FLAGS);
    int fds = request.descriptors().count();
    int wish = flags & (DmaMap.BY_MMAP | DmaMap.BY_FILE_IO);
    boolean impossible = wish != 0 && (fds == 0 || Integer.bitCount(wish) > 1);
    if ((flags & ~MAP_FLAGS) != 0 || fds > 1 || impossible) {
      return Failure.EINVAL;
    }
    long iova = request.u64(DmaMap.IOVA);
    long size = request.u64(DmaMap.SIZE);
    if (size == 0 || Long.compareUnsigned(iova + size - 1, iova) < 0) {
      return Failure.EINVAL;
    }
    if (Long.compareUnsigned(size, Limits.DMA_MAP) > 0) {
      return Failure.ENOSPC;
    }
    return fds == 0
        ? add(iova, size, flags & RIGHTS, Optional.empty(), 0)
        : mapFile(request, iova, size, flags & RIGHTS);
  }

  private int mapFile(Message request, long iova, long size, int rights) {
    long offset = request.u64(DmaMap.OFFSET);
    if (offset < 0 || offset > Long.MAX_VALUE - size) {
      return Failure.EINVAL;
    }
    FileMappings.File file;
    try (OwnedFd fd = request.descriptors().take()) {
      file = files.use(fd, offset + size, (rights & DmaMap.WRITABLE) != 0);
    } catch (NativeException e) {
      return e.errno() == 0 ? Failure.EIO : -e.errno();
    }
    int before = mappings.count();
    int result = add(iova, size, rights, Optional.of(file), offset);
    if (mappings.count() == before) {
      files.release(file);
    }
    return result;
  }

  /** Adds a mapping; the same one again changes nothing and is no mistake. */
  private int add(long iova, long size, int rights, Optional<FileMappings.File> file, long offset) {
    int overlapping = mappings.overlapping(iova, iova + size - 1);
    if (overlapping >= 0) {
      DmaMappings.Entry there = mappings.entry(overlapping);
      boolean sameRange = there.iova() == iova && there.size() == size;
      if (!sameRange) {
        return Failure.EEXIST;
      }
      boolean same = there.flags() == rights && isSameFile(there, file, offset);
      return same ? 0 : Failure.EINVAL;
    }
    if (mappings.count() >= Limits.DMA_MAPS) {
      return Failure.EINVAL;
    }
    mappings.add(new DmaMappings.Entry(iova, size, rights, file, offset));
    return 0;
  }

  private static boolean isSameFile(
      DmaMappings.Entry there, Optional<FileMappings.File> file, long offset) {
    if (there.file().isEmpty() || file.isEmpty()) {
      return there.file().isEmpty() && file.isEmpty();
    }
    return there.offset() == offset && there.file().get().isSameAs(file.get());
  }

  int unmap(Message request, OutboundMessage reply) {
    int argsz = request.payload() < DmaUnmap.BYTES ? 0 : request.u32(Payload.ARGSZ);
    if (Integer.compareUnsigned(argsz, DmaUnmap.BYTES) < 0
        || Integer.compareUnsigned(argsz, MOST_ARGSZ) > 0) {
      return Failure.EINVAL;
    }
    int flags = request.u32(DmaUnmap.FLAGS);
    long iova = request.u64(DmaUnmap.IOVA);
    long size = request.u64(DmaUnmap.SIZE);
    int result =
        switch (flags) {
          case 0 -> unmapRange(iova, size);
          case DmaUnmap.ALL -> iova == 0 && size == 0 ? unmapAll() : Failure.EINVAL;
          default -> Failure.EINVAL;
        };
    if (result != 0) {
      return result;
    }
    reply.u32(Payload.ARGSZ, DmaUnmap.BYTES);
    reply.u32(DmaUnmap.FLAGS, flags);
    reply.u64(DmaUnmap.IOVA, iova);
    reply.u64(DmaUnmap.SIZE, size);
    return DmaUnmap.BYTES;
  }

  /** All mappings inside the range go; one that lies across its border stays, as does all else. */
  private int unmapRange(long iova, long size) {
    long last = iova + size - 1;
    if (size == 0 || Long.compareUnsigned(last, iova) < 0) {
      return Failure.EINVAL;
    }
    int from = mappings.overlapping(iova, last);
    if (from < 0) {
      return strictUnmap ? Failure.ENOENT : 0;
    }
    int to = from;
    while (to < mappings.count() && Long.compareUnsigned(mappings.entry(to).iova(), last) <= 0) {
      to++;
    }
    boolean cutsFirst = Long.compareUnsigned(mappings.entry(from).iova(), iova) < 0;
    boolean cutsLast = Long.compareUnsigned(mappings.entry(to - 1).last(), last) > 0;
    boolean exact = to - from == 1 && mappings.entry(from).size() == size;
    if (cutsFirst || cutsLast || (strictUnmap && !exact)) {
      return Failure.ENOENT;
    }
    remove(from, to);
    return 0;
  }

  private int unmapAll() {
    remove(0, mappings.count());
    return 0;
  }

  private void remove(int from, int to) {
    DmaMappings.Entry[] gone = new DmaMappings.Entry[to - from];
    for (int i = from; i < to; i++) {
      gone[i - from] = mappings.entry(i);
    }
    mappings.remove(from, to);
    for (DmaMappings.Entry entry : gone) {
      entry.file().ifPresent(files::release);
    }
  }

  @Override
  public void close() {
    unmapAll();
    files.close();
  }
}
