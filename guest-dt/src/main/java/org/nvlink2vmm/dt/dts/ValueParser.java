package org.nvlink2vmm.dt.dts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reads what stands between {@code =} and {@code ;} of a property. */
final class ValueParser {
  private final DtsLexer lexer;
  private final Includes includes;
  private final DtsLimits limits;
  private final CellExpression expression;
  private byte[] bytes = new byte[64];
  private int length;
  private List<Mark> marks = new ArrayList<>();

  /** Bytes of all values before this one. */
  private long earlier;

  ValueParser(DtsLexer lexer, Includes includes, DtsLimits limits) {
    this.lexer = lexer;
    this.includes = includes;
    this.limits = limits;
    this.expression = new CellExpression(lexer, limits);
  }

  long number() {
    return expression.primary();
  }

  /** Reads the value of {@code property} and puts it there. */
  SourceProperty property(String name, Position position) {
    earlier += length;
    length = 0;
    marks = new ArrayList<>(0);
    do {
      labels();
      part();
      labels();
    } while (lexer.take(","));
    return new SourceProperty(name, position, Arrays.copyOf(bytes, length), marks, false);
  }

  private void labels() {
    while (lexer.atLabel()) {
      Position where = lexer.position();
      lexer.label().ifPresent(label -> mark(Mark.Kind.LABEL, label, where));
    }
  }

  private void mark(Mark.Kind kind, String text, Position where) {
    marks.add(new Mark(kind, length, text, where));
  }

  private void part() {
    Position where = lexer.position();
    Optional<String> reference = lexer.reference();
    if (reference.isPresent()) {
      mark(Mark.Kind.PATH, reference.get(), where);
    } else if (lexer.at("\"")) {
      append(lexer.string(""));
      append(0, 1);
    } else if (lexer.take("<")) {
      cells(32);
    } else if (lexer.take("/bits/")) {
      int bits = elementSize();
      lexer.expect("<", "after the size of elements");
      cells(bits);
    } else if (lexer.take("[")) {
      byteString();
    } else if (lexer.take("/incbin/")) {
      fileContent();
    } else {
      throw lexer.unexpected("a value: \"..\", <..>, [..] or a reference");
    }
  }

  private int elementSize() {
    Position where = lexer.position();
    if (!lexer.atNumber()) {
      throw lexer.unexpected("8, 16, 32 or 64 bits");
    }
    long bits = lexer.number();
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64) {
      throw new DtsException(
          where,
          "Found elements of " + Long.toUnsignedString(bits) + " bits, expected 8, 16, 32 or 64");
    }
    return (int) bits;
  }

  private void cells(int bits) {
    while (true) {
      labels();
      if (lexer.take(">")) {
        return;
      }
      Position where = lexer.position();
      Optional<String> reference = lexer.reference();
      if (reference.isPresent()) {
        if (bits != 32) {
          throw new DtsException(
              where, "Found a reference among elements of " + bits + " bits, expected 32 bits");
        }
        mark(Mark.Kind.PHANDLE, reference.get(), where);
        append(-1, 4);
      } else {
        element(bits, where);
      }
    }
  }

  private void element(int bits, Position where) {
    if (!lexer.atNumber() && !lexer.at("(")) {
      throw lexer.unexpected("a number, a reference or '>'");
    }
    long value = expression.primary();
    long high = bits == 64 ? 0 : value >> (bits - 1);
    // Either no bits above the element, or a negative number that fits.
    if (bits < 64 && value >>> bits != 0 && high != -1) {
      throw new DtsException(
          where,
          String.format("Found 0x%x, expected a number that fits into %d bits", value, bits));
    }
    append(value, bits / 8);
  }

  private void byteString() {
    while (true) {
      labels();
      if (lexer.take("]")) {
        return;
      }
      int value = lexer.hexByte();
      if (value < 0) {
        throw lexer.unexpected("two hexadecimal digits or ']'");
      }
      append(value, 1);
    }
  }

  private void fileContent() {
    lexer.expect("(", "after /incbin/");
    Position where = lexer.position();
    String name = DtsParser.utf8(lexer.string("with the name of a file"));
    long from = 0;
    long size = Long.MAX_VALUE;
    if (lexer.take(",")) {
      from = expression.primary();
      lexer.expect(",", "and the number of bytes");
      size = expression.primary();
    }
    lexer.expect(")", "after /incbin/");
    byte[] content = includes.bytes(name, where);
    if (from < 0 || from > content.length) {
      throw new DtsException(
          where, "File '" + name + "' has " + content.length + " bytes, none at " + from);
    }
    if (size < 0 || (size != Long.MAX_VALUE && size > content.length - from)) {
      throw new DtsException(
          where,
          "File '" + name + "' has no " + Long.toUnsignedString(size) + " bytes from " + from);
    }
    long end = size == Long.MAX_VALUE ? content.length : from + size;
    append(Arrays.copyOfRange(content, (int) from, (int) end));
  }

  private void append(byte[] part) {
    reserve(part.length);
    System.arraycopy(part, 0, bytes, length, part.length);
    length += part.length;
  }

  /** Appends the low {@code size} bytes of a number, the highest first. */
  private void append(long number, int size) {
    reserve(size);
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes[length++] = (byte) (number >> shift);
    }
  }

  private void reserve(int size) {
    if (earlier + length + size > limits.valueBytes()) {
      throw new DtsException(
          lexer.position(), "The values have more than " + limits.valueBytes() + " bytes");
    }
    if (size > bytes.length - length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 16, 2L * (length + size)));
    }
  }
}
