package org.nvlink2vmm.vmm.vcpu.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Tables as scripts/kallsyms.c of Linux writes them, between bytes that mean nothing. */
class KallsymsTest {
  private static final long BASE = 0xc000000000000000L;

  private final Map<Long, String> symbols = new TreeMap<>(Long::compareUnsigned);

  /** Letters stand for themselves, 0x80 and up for pairs of them. */
  private static String token(int number) {
    if (number >= 0x80) {
      return "" + (char) ('a' + number % 26) + (char) ('a' + number / 26);
    }
    return number > ' ' ? String.valueOf((char) number) : "?";
  }

  private static void pad(ByteArrayOutputStream out) {
    while (out.size() % 8 != 0) {
      out.write(0);
    }
  }

  private static byte[] number(int size, long value, ByteOrder order) {
    ByteBuffer buffer = ByteBuffer.allocate(8).order(order);
    return switch (size) {
      case 2 -> Arrays.copyOf(buffer.putShort((short) value).array(), 2);
      case 4 -> Arrays.copyOf(buffer.putInt((int) value).array(), 4);
      default -> buffer.putLong(value).array();
    };
  }

  /** A file with {@code count} names, some of them long. */
  private byte[] file(int count, long base, boolean sequences, ByteOrder order, Random random) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] noise = new byte[8 * random.nextInt(200)];
    random.nextBytes(noise);
    out.writeBytes(noise);
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    List<Integer> markers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (i % 256 == 0) {
        markers.add(names.size());
      }
      byte[] tokens = new byte[random.nextInt(50) == 0 ? 150 : 2 + random.nextInt(12)];
      StringBuilder name = new StringBuilder();
      for (int j = 0; j < tokens.length; j++) {
        tokens[j] = (byte) (j == 0 ? 'T' : random.nextBoolean() ? 'a' + j % 26 : 0x80 + j % 100);
        name.append(j == 0 ? "" : token(tokens[j] & 0xff));
      }
      symbols.put(BASE + 0x20L * i, name.toString());
      out.writeBytes(number(4, 0x20L * i, order));
      if (tokens.length >= 0x80) {
        names.write((tokens.length & 0x7f) | 0x80);
        names.write(tokens.length >> 7);
      } else {
        names.write(tokens.length);
      }
      names.writeBytes(tokens);
    }
    pad(out);
    out.writeBytes(number(8, base, order));
    out.writeBytes(number(4, count, order));
    pad(out);
    out.writeBytes(names.toByteArray());
    pad(out);
    markers.forEach(marker -> out.writeBytes(number(4, marker, order)));
    pad(out);
    if (sequences) {
      out.writeBytes(new byte[3 * count]);
      pad(out);
    }
    ByteArrayOutputStream index = new ByteArrayOutputStream();
    int begins = 0;
    for (int i = 0; i < 256; i++) {
      index.writeBytes(number(2, begins, order));
      out.writeBytes((token(i) + "\0").getBytes(StandardCharsets.ISO_8859_1));
      begins += token(i).length() + 1;
    }
    pad(out);
    out.writeBytes(index.toByteArray());
    out.writeBytes(new byte[64]);
    return out.toByteArray();
  }

  private static ByteBuffer buffer(byte[] file, ByteOrder order) {
    return ByteBuffer.wrap(file).order(order);
  }

  @Test
  void namesAreFoundInFilesOfBothByteOrdersWithAndWithoutSequences() {
    for (int seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      ByteOrder order = seed % 2 == 0 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
      symbols.clear();
      byte[] file = file(1 + random.nextInt(1500), BASE, seed % 3 == 0, order, random);
      assertThat(Kallsyms.of(buffer(file, order), 0).orElseThrow())
          .as("seed %d", seed)
          .containsExactlyEntriesOf(symbols);
    }
  }

  @Test
  void aBaseThatIsLeftToRelocationIsWhereTheKernelIsLinked() {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    byte[] file = file(300, 0, false, order, new Random(1));
    assertThat(Kallsyms.of(buffer(file, order), BASE).orElseThrow())
        .containsExactlyEntriesOf(symbols);
  }

  @Test
  void theOtherByteOrderHasNone() {
    byte[] file = file(300, BASE, false, ByteOrder.LITTLE_ENDIAN, new Random(1));
    assertThat(Kallsyms.of(buffer(file, ByteOrder.BIG_ENDIAN), 0)).isEmpty();
  }

  @Test
  void brokenTablesAreNotTakenForSymbolsOrGiveWrongOnesButHurtNobody() {
    ByteOrder order = ByteOrder.LITTLE_ENDIAN;
    byte[] whole = file(300, BASE, true, order, new Random(1));
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      byte[] broken = Arrays.copyOf(whole, whole.length - random.nextInt(100));
      for (int i = 0; i < 3; i++) {
        broken[random.nextInt(broken.length)] = (byte) random.nextInt();
      }
      Kallsyms.of(buffer(broken, order), 0)
          .ifPresent(found -> assertThat(found).hasSizeLessThanOrEqualTo(300));
    }
  }
}
