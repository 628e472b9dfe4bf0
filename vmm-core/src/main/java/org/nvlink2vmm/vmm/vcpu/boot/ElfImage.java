package org.nvlink2vmm.vmm.vcpu.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** An ELF64 executable for PowerPC64, of either byte order (ELF-64 Object File Format 1.5). */
public final class ElfImage {
  private static final int HEADER_SIZE = 64;
  private static final int PROGRAM_HEADER_SIZE = 56;
  private static final int SECTION_HEADER_SIZE = 64;
  private static final int SYMBOL_SIZE = 24;
  private static final int EM_PPC64 = 21;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int PT_LOAD = 1;
  private static final int SHT_SYMTAB = 2;

  /** From here on a symbol belongs to no section: SHN_ABS and the like, numbers and no places. */
  private static final int SHN_LORESERVE = 0xff00;

  private static final int MAX_SEGMENTS = 64;
  private static final int MAX_SECTIONS = 4096;

  private final String name;
  private final ByteBuffer file;
  private final List<Segment> segments = new ArrayList<>();
  private final long entry;

  /** Symbols by address; filled when first asked for. */
  private NavigableMap<Long, String> symbols;

  /**
   * What goes to memory: file bytes, then zeros.
   *
   * @param offset in the file, bytes
   * @param gpa where it goes
   * @param memorySize bytes in memory, at least {@code fileSize}
   */
  record Segment(int offset, int fileSize, long gpa, long virtual, long memorySize) {}

  private ElfImage(String name, ByteBuffer file) {
    this.name = name;
    this.file = file;
    this.entry = parse();
  }

  /**
   * Reads a file.
   *
   * @throws BootException when it cannot be read or is no such executable
   */
  public static ElfImage read(Path path) {
    try (FileChannel channel = FileChannel.open(path)) {
      long size = channel.size();
      if (size > Integer.MAX_VALUE) {
        throw new BootException(path + ": kernel of " + size + " bytes, at most 2 GiB can be read");
      }
      return of(path.toString(), channel.map(FileChannel.MapMode.READ_ONLY, 0, size));
    } catch (IOException e) {
      throw new BootException(
          path
              + ": "
              + (Files.exists(path) ? "cannot be read: " + e.getMessage() : "no such file"));
    }
  }

  /**
   * @param name for error messages
   * @throws BootException when the bytes are no such executable
   */
  public static ElfImage of(String name, ByteBuffer bytes) {
    return new ElfImage(name, bytes);
  }

  private BootException bad(String problem) {
    return new BootException(name + ": " + problem);
  }

  private long parse() {
    if (file.limit() < HEADER_SIZE || file.order(ByteOrder.BIG_ENDIAN).getInt(0) != 0x7f454c46) {
      throw bad("not an ELF file (expected the bytes 7f 45 4c 46 at 0x0)");
    }
    if (file.get(4) != 2) {
      throw bad("ELF class " + file.get(4) + " at 0x4, expected 2 (64 bits)");
    }
    switch (file.get(5)) {
      case 1 -> file.order(ByteOrder.LITTLE_ENDIAN);
      case 2 -> file.order(ByteOrder.BIG_ENDIAN);
      default -> throw bad("byte order " + file.get(5) + " at 0x5, expected 1 or 2");
    }
    int machine = Short.toUnsignedInt(file.getShort(18));
    if (machine != EM_PPC64) {
      throw bad("machine " + machine + " at 0x12, expected 21 (PowerPC64)");
    }
    int type = Short.toUnsignedInt(file.getShort(16));
    if (type != ET_EXEC && type != ET_DYN) {
      throw bad("type " + type + " at 0x10, expected 2 (executable)");
    }
    int count = Short.toUnsignedInt(file.getShort(56));
    int entrySize = Short.toUnsignedInt(file.getShort(54));
    if (count == 0 || count > MAX_SEGMENTS || entrySize != PROGRAM_HEADER_SIZE) {
      throw bad(count + " program headers of " + entrySize + " bytes, expected 1 to 64 of 56");
    }
    long table = file.getLong(32);
    if (outside(table, (long) count * PROGRAM_HEADER_SIZE)) {
      throw bad("program headers at " + hex(table) + " end outside the file (truncated?)");
    }
    for (int i = 0; i < count; i++) {
      segment((int) table + i * PROGRAM_HEADER_SIZE);
    }
    if (segments.isEmpty()) {
      throw bad("nothing to load");
    }
    return physical(file.getLong(24))
        .orElseThrow(() -> bad("entry " + hex(file.getLong(24)) + " lies in no segment"));
  }

  private void segment(int at) {
    if (file.getInt(at) != PT_LOAD) {
      return;
    }
    long offset = file.getLong(at + 8);
    long virtual = file.getLong(at + 16);
    long gpa = file.getLong(at + 24);
    long fileSize = file.getLong(at + 32);
    long memorySize = file.getLong(at + 40);
    if (memorySize == 0) {
      return;
    }
    if (outside(offset, fileSize)) {
      throw bad(
          "segment at file offset "
              + hex(offset)
              + " of "
              + hex(fileSize)
              + " bytes ends outside the file of "
              + hex(file.limit())
              + " bytes (truncated?)");
    }
    if (gpa < 0 || memorySize < fileSize || gpa + memorySize < gpa) {
      throw bad("segment for " + hex(gpa) + " of " + hex(memorySize) + " bytes makes no sense");
    }
    segments.add(new Segment((int) offset, (int) fileSize, gpa, virtual, memorySize));
  }

  private boolean outside(long offset, long size) {
    return offset < 0 || size < 0 || offset > file.limit() - size;
  }

  private Optional<Long> physical(long virtual) {
    return segments.stream()
        .filter(segment -> virtual - segment.virtual() >= 0)
        .filter(segment -> virtual - segment.virtual() < segment.memorySize())
        .map(segment -> virtual - segment.virtual() + segment.gpa())
        .findFirst();
  }

  /** Guest-physical address of the first instruction. */
  public long entry() {
    return entry;
  }

  public boolean littleEndian() {
    return file.order() == ByteOrder.LITTLE_ENDIAN;
  }

  /** First guest-physical address behind everything that is loaded. */
  public long end() {
    return segments.stream().mapToLong(s -> s.gpa() + s.memorySize()).max().orElseThrow();
  }

  public String name() {
    return name;
  }

  List<Segment> segments() {
    return segments;
  }

  ByteBuffer bytes(Segment segment) {
    return file.slice(segment.offset(), segment.fileSize());
  }

  /** "name+0x10" of the symbol at or before an address, by virtual or physical address. */
  public Optional<String> symbolAt(long address) {
    if (symbols == null) {
      symbols = readSymbols();
    }
    Map.Entry<Long, String> found = symbols.floorEntry(address);
    if (found == null || address - found.getKey() > 0x10000 || address < found.getKey()) {
      return Optional.empty();
    }
    return Optional.of(found.getValue() + "+0x" + Long.toHexString(address - found.getKey()));
  }

  /** The address of a symbol, as linked. */
  public OptionalLong addressOf(String symbol) {
    if (symbols == null) {
      symbols = readSymbols();
    }
    return symbols.entrySet().stream()
        .filter(entry -> entry.getValue().equals(symbol))
        .mapToLong(Map.Entry::getKey)
        .findFirst();
  }

  /**
   * The section of symbols, or of a stripped Linux kernel those that it carries. Broken section
   * headers only cost the names.
   */
  private NavigableMap<Long, String> readSymbols() {
    NavigableMap<Long, String> found = readSections();
    if (found.isEmpty()) {
      long text = segments.stream().mapToLong(Segment::virtual).min().orElseThrow();
      return Kallsyms.of(file, text).orElse(found);
    }
    return found;
  }

  private NavigableMap<Long, String> readSections() {
    NavigableMap<Long, String> found = new TreeMap<>(Long::compareUnsigned);
    long table = file.getLong(40);
    int count = Math.min(Short.toUnsignedInt(file.getShort(60)), MAX_SECTIONS);
    if (outside(table, (long) count * SECTION_HEADER_SIZE)) {
      return found;
    }
    for (int i = 0; i < count; i++) {
      int header = (int) table + i * SECTION_HEADER_SIZE;
      int link = file.getInt(header + 40);
      if (file.getInt(header + 4) == SHT_SYMTAB && link >= 0 && link < count) {
        int strings = (int) table + link * SECTION_HEADER_SIZE;
        readSymbols(found, header, file.getLong(strings + 24), file.getLong(strings + 32));
      }
    }
    return found;
  }

  private void readSymbols(Map<Long, String> found, int header, long strings, long stringsSize) {
    long offset = file.getLong(header + 24);
    long size = file.getLong(header + 32);
    if (outside(offset, size) || outside(strings, stringsSize)) {
      return;
    }
    for (int i = 0; i + SYMBOL_SIZE <= size; i += SYMBOL_SIZE) {
      int at = (int) offset + i;
      int nameOffset = file.getInt(at);
      int kind = file.get(at + 4) & 15;
      int section = Short.toUnsignedInt(file.getShort(at + 6));
      if (section == 0 || section >= SHN_LORESERVE) {
        continue;
      }
      if (kind <= 2 && nameOffset > 0 && nameOffset < stringsSize) {
        found.put(file.getLong(at + 8), string((int) strings + nameOffset));
      }
    }
  }

  private String string(int offset) {
    int end = offset;
    while (end < file.limit() && end - offset < 255 && file.get(end) != 0) {
      end++;
    }
    byte[] text = new byte[end - offset];
    file.get(offset, text);
    return new String(text, StandardCharsets.ISO_8859_1);
  }

  static String hex(long number) {
    return "0x" + Long.toHexString(number);
  }
}
