package org.nvlink2vmm.it.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A root file system for a guest kernel: a cpio archive of the "newc" kind, not compressed. */
final class Initramfs {
  private static final int DIRECTORY = 0040755;
  private static final int PROGRAM = 0100755;
  private static final int DATA = 0100644;

  private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
  private int inode = 1;

  /**
   * A system of one static busybox that runs {@code script} as its first process.
   *
   * @param more files for its folder /lib
   */
  static byte[] of(Path busybox, String script, List<Path> more) throws IOException {
    Initramfs files = new Initramfs();
    for (String folder : new String[] {"bin", "dev", "lib", "proc", "sys"}) {
      files.add(folder, DIRECTORY, new byte[0]);
    }
    files.add("bin/busybox", PROGRAM, Files.readAllBytes(busybox));
    for (Path file : more) {
      files.add("lib/" + file.getFileName(), DATA, Files.readAllBytes(file));
    }
    files.add("init", PROGRAM, script.getBytes(StandardCharsets.UTF_8));
    files.add("TRAILER!!!", 0, new byte[0]);
    return files.archive.toByteArray();
  }

  private void add(String name, int mode, byte[] data) {
    String header =
        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x"
            .formatted(inode++, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length() + 1, 0);
    archive.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
    archive.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
    archive.write(0);
    pad();
    archive.writeBytes(data);
    pad();
  }

  private void pad() {
    while (archive.size() % 4 != 0) {
      archive.write(0);
    }
  }
}
