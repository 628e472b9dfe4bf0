package org.nvlink2vmm.vmm.machine;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nvlink2vmm.dt.dts.DtsException;
import org.nvlink2vmm.dt.dts.DtsLimits;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.fdt.FdtHeader;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** A tree that a user names, guest's or host's: a blob or source text, as its bytes say. */
public final class TreeFile {
  /** A blob's size is 32 bits; no tree comes near this. */
  private static final int MAX_BYTES = 64 << 20;

  private static final ValueLayout.OfInt BIG_ENDIAN_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private TreeFile() {}

  /**
   * @throws ConfigError when the file cannot be read or holds no tree
   */
  public static DeviceTree read(Path file) {
    String name = file.toString();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = bytes(name, in);
      return isBlob(bytes) ? blob(name, bytes) : DtsReader.read(file);
    } catch (DtsException e) {
      throw new ConfigError(e.getMessage());
    } catch (IOException e) {
      throw new ConfigError(name + ": " + DocumentReader.reason(e));
    }
  }

  /**
   * @param name what messages call the stream
   * @throws ConfigError when the stream cannot be read or holds no tree; text that includes files
   *     is refused, for it stands in no folder
   */
  public static DeviceTree read(String name, InputStream in) {
    try {
      byte[] bytes = bytes(name, in);
      return isBlob(bytes) ? blob(name, bytes) : DtsReader.read(name, bytes, DtsLimits.DEFAULT);
    } catch (DtsException e) {
      throw new ConfigError(e.getMessage());
    } catch (IOException e) {
      throw new ConfigError(name + ": " + DocumentReader.reason(e));
    }
  }

  private static DeviceTree blob(String name, byte[] bytes) {
    try {
      return FdtReader.read(bytes);
    } catch (FdtException e) {
      throw new ConfigError(name + ": " + e.getMessage());
    }
  }

  /** Whatever its magic has become, what holds a zero byte is to be called a bad blob. */
  private static boolean isBlob(byte[] bytes) {
    if (bytes.length >= Integer.BYTES
        && MemorySegment.ofArray(bytes).get(BIG_ENDIAN_INT, 0) == FdtHeader.MAGIC) {
      return true;
    }
    for (byte one : bytes) {
      if (one == 0) {
        return true;
      }
    }
    return false;
  }

  private static byte[] bytes(String name, InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new ConfigError(name, "more than " + MAX_BYTES + " bytes", "a device tree");
    }
    return bytes;
  }
}
