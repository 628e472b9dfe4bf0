package org.nvlink2vmm.it.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A kernel of a few big-endian instructions at 0x1000, as an ELF file. */
final class WordProgram {
  static final int SC_1 = 0x44000022;
  static final int SPIN = 0x48000000;

  private static final int CODE = 0x100;
  private static final long ENTRY = 0x1000;

  private WordProgram() {}

  static Path write(Path file, int... words) throws IOException {
    long length = 4L * words.length;
    ByteBuffer elf = ByteBuffer.allocate(CODE + 4 * words.length);
    elf.putInt(0, 0x7f454c46).put(4, (byte) 2).put(5, (byte) 2);
    elf.putShort(16, (short) 2).putShort(18, (short) 21).putLong(24, ENTRY).putLong(32, 64);
    elf.putShort(54, (short) 56).putShort(56, (short) 1);
    elf.putInt(64, 1).putLong(72, CODE).putLong(80, ENTRY).putLong(88, ENTRY);
    elf.putLong(96, length).putLong(104, length);
    for (int i = 0; i < words.length; i++) {
      elf.putInt(CODE + 4 * i, words[i]);
    }
    return Files.write(file, elf.array());
  }

  static int li(int register, int value) {
    return 14 << 26 | register << 21 | (value & 0xffff);
  }

  /** Shifts a register left by 32 bits. */
  static int sldi32(int register) {
    return 30 << 26 | register << 21 | register << 16 | 0x7c6;
  }

  /** Loads eight bytes from where a register points. */
  static int ld(int register, int from) {
    return 58 << 26 | register << 21 | from << 16;
  }
}
