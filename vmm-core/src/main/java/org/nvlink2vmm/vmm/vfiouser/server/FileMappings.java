package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.LinkedHashMap;
import java.util.Map;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * A client's memory files, each mapped once and whole: a guest behind a vIOMMU sends one descriptor
 * of the same file for every page that it maps. Belongs to the session's thread.
 *
 * <p>The size is checked when the file is mapped. A client can still cut its file short afterwards:
 * touching what is gone is then an {@link InternalError} in the thread that does it, which {@link
 * ClientMemory} answers as memory that is not there.
 */
final class FileMappings implements AutoCloseable {
  /** Files without a mapping of the guest's that stay mapped, for the next one. */
  private static final int MOST_IDLE = 4;

  private final Map<Key, File> files = new LinkedHashMap<>();

  record Key(long device, long inode, boolean writable) {}

  /** A file that is mapped, and how many of the guest's mappings lie in it. */
  static final class File {
    private final Key key;
    private final Mapping mapping;
    private int users;

    File(Key key, Mapping mapping) {
      this.key = key;
      this.mapping = mapping;
    }

    Mapping mapping() {
      return mapping;
    }

    /** Whether it is the same file, with the same right to write. */
    boolean isSameAs(File other) {
      return key.equals(other.key);
    }
  }

  /**
   * The mapping of a file, one user more.
   *
   * @param end bytes that the file must have
   * @throws NativeException EINVAL when the file is shorter, and as fstat and mmap fail
   */
  File use(OwnedFd fd, long end, boolean writable) {
    Libc.FileStatus status = Libc.fileStatus(fd);
    if (end > status.size()) {
      throw new NativeException(
          "mmap", Libc.EINVAL, "0x%x bytes of a file of 0x%x bytes".formatted(end, status.size()));
    }
    Key key = new Key(status.device(), status.inode(), writable);
    File known = files.get(key);
    if (known == null || known.mapping.segment().byteSize() < end) {
      Mapping.Protection protection =
          writable ? Mapping.Protection.READ_WRITE : Mapping.Protection.READ_ONLY;
      known = new File(key, Mapping.shared(fd, 0, status.size(), protection));
      File shorter = files.put(key, known);
      if (shorter != null && shorter.users == 0) {
        shorter.mapping.close();
      }
    }
    known.users++;
    return known;
  }

  /** One user less. Nobody may be touching the range that it used. */
  void release(File file) {
    file.users--;
    if (file.users > 0) {
      return;
    }
    if (files.get(file.key) != file) {
      file.mapping.close();
      return;
    }
    long idle = files.values().stream().filter(other -> other.users == 0).count();
    if (idle > MOST_IDLE) {
      File oldest = files.values().stream().filter(other -> other.users == 0).findFirst().get();
      files.remove(oldest.key);
      oldest.mapping.close();
    }
  }

  /** Unmaps everything; all users are gone. */
  @Override
  public void close() {
    files.values().forEach(file -> file.mapping.close());
    files.clear();
  }
}
