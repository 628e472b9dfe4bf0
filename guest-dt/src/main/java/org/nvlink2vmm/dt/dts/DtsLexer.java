package org.nvlink2vmm.dt.dts;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Optional;

/**
 * Cuts a text into words. What a word is depends on where it stands ({@code 10} is a number in a
 * cell, a name in a node), so the parser asks for the kind it expects. Blanks, comments, line marks
 * and includes are dealt with between words.
 */
final class DtsLexer {
  private static final int LONGEST_QUOTE = 40;

  private final Includes includes;
  private final Deque<Source> sources = new ArrayDeque<>();
  private Source source;

  DtsLexer(Source first, Includes includes) {
    this.source = first;
    this.includes = includes;
    sources.push(first);
  }

  /** Whether nodes and properties may have {@code c} in their names. */
  static boolean isNameCharacter(int c) {
    return isLabelCharacter(c) || (c >= 0 && ",.+*#?@-".indexOf(c) >= 0);
  }

  /** Where the next word begins. */
  Position position() {
    skipBlanks();
    return source.position();
  }

  boolean atEnd() {
    skipBlanks();
    return source.atEnd();
  }

  boolean at(String word) {
    skipBlanks();
    return source.startsWith(word);
  }

  /** Takes {@code word} if it comes next. */
  boolean take(String word) {
    if (!at(word)) {
      return false;
    }
    source.skip(word.length());
    return true;
  }

  void expect(String word, String why) {
    if (!take(word)) {
      throw unexpected("'" + word + "' " + why);
    }
  }

  /** Whether {@code label:} comes next. */
  boolean atLabel() {
    skipBlanks();
    if (source.knownNoLabel()) {
      return false;
    }
    int length = labelLength(0);
    if (length > 0 && source.peek(length) == ':') {
      return true;
    }
    source.noteNoLabel(length);
    return false;
  }

  /** Takes {@code label:} if that comes next. */
  Optional<String> label() {
    if (!atLabel()) {
      return Optional.empty();
    }
    int length = labelLength(0);
    String label = source.latin1(length);
    source.skip(length + 1);
    return Optional.of(label);
  }

  /** Takes the name of a node or property, if one comes next; a backslash before it is no part. */
  Optional<String> name() {
    skipBlanks();
    int start = source.peek(0) == '\\' ? 1 : 0;
    int length = start;
    while (isNameCharacter(source.peek(length))) {
      length++;
    }
    if (length == start) {
      return Optional.empty();
    }
    source.skip(start);
    String name = source.latin1(length - start);
    source.skip(length - start);
    return Optional.of(name);
  }

  /** Takes {@code &label} or <code>&amp;{/path}</code>, if one comes next; without the signs. */
  Optional<String> reference() {
    skipBlanks();
    if (source.peek(0) != '&') {
      return Optional.empty();
    }
    boolean braces = source.peek(1) == '{';
    int start = braces ? 2 : 1;
    int length = start + (braces ? 0 : labelLength(1));
    while (braces && (isNameCharacter(source.peek(length)) || source.peek(length) == '/')) {
      length++;
    }
    if (braces ? source.peek(length) != '}' : length == start) {
      return Optional.empty();
    }
    source.skip(start);
    String reference = source.latin1(length - start);
    source.skip(length - start + (braces ? 1 : 0));
    return Optional.of(reference);
  }

  /** Whether a number or a character in quotes comes next. */
  boolean atNumber() {
    skipBlanks();
    return isDigit(source.peek(0)) || source.peek(0) == '\'';
  }

  /** Takes an unsigned number of up to 64 bits (decimal, 0x, 0 octal, U and L behind it). */
  long number() {
    skipBlanks();
    if (source.peek(0) == '\'') {
      Position where = source.position();
      byte[] character = quoted('\'');
      if (character.length != 1) {
        throw new DtsException(
            where, "Found a character literal of " + character.length + " bytes, expected 1");
      }
      return character[0] & 0xffL;
    }
    int radix = radix();
    int first = radix == 16 ? 2 : 0;
    int length = first;
    long value = 0;
    int digit = digit(length, radix);
    while (digit >= 0) {
      long next = value * radix + digit;
      if (Math.unsignedMultiplyHigh(value, radix) != 0 || Long.compareUnsigned(next, digit) < 0) {
        throw unexpected("a number of up to 64 bits");
      }
      value = next;
      length++;
      digit = digit(length, radix);
    }
    int suffix = suffixLength(length);
    if (length == first || isLabelCharacter(source.peek(length + suffix))) {
      throw unexpected("a number");
    }
    source.skip(length + suffix);
    return value;
  }

  private int radix() {
    if (source.peek(0) != '0') {
      return 10;
    }
    return source.peek(1) == 'x' || source.peek(1) == 'X' ? 16 : 8;
  }

  private int digit(int ahead, int radix) {
    return Character.digit(source.peek(ahead), radix);
  }

  /** U, L, UL, LL or ULL. */
  private int suffixLength(int ahead) {
    int length = source.peek(ahead) == 'U' ? 1 : 0;
    int longest = length + 2;
    while (length < longest && source.peek(ahead + length) == 'L') {
      length++;
    }
    return length;
  }

  /** Takes two hexadecimal digits, if they come next; -1 otherwise. */
  int hexByte() {
    skipBlanks();
    int high = Character.digit(source.peek(0), 16);
    int low = Character.digit(source.peek(1), 16);
    if (high < 0 || low < 0) {
      return -1;
    }
    source.skip(2);
    return (high << 4) | low;
  }

  /** Takes a string in double quotes, escapes resolved, without a NUL at the end. */
  byte[] string(String why) {
    if (!at("\"")) {
      throw unexpected("a string in double quotes " + why);
    }
    return quoted('"');
  }

  DtsException unexpected(String expected) {
    return new DtsException(position(), "Found " + found() + ", expected " + expected);
  }

  private String found() {
    if (source.atEnd()) {
      return "the end of the text";
    }
    int length = 1;
    if (isNameCharacter(source.peek(0)) || source.peek(0) == '/' || source.peek(0) == '&') {
      while (length < LONGEST_QUOTE && isNameCharacter(source.peek(length))) {
        length++;
      }
    }
    int first = source.peek(0);
    if (first < 0x20 || first >= 0x7f) {
      return String.format(Locale.ROOT, "byte 0x%02x", first);
    }
    return "'" + source.latin1(length) + "'";
  }

  private byte[] quoted(char quote) {
    Position where = source.position();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    source.skip(1);
    while (source.peek(0) != quote) {
      int c = source.peek(0);
      if (c < 0) {
        throw new DtsException(where, "Found no closing " + quote + ", expected one");
      }
      source.skip(1);
      bytes.write(c == '\\' ? escape(where) : c);
    }
    source.skip(1);
    return bytes.toByteArray();
  }

  /** The byte that the escape behind a backslash stands for. */
  private int escape(Position quoteStart) {
    int c = source.peek(0);
    if (c < 0) {
      throw new DtsException(quoteStart, "Found a backslash at the end of the text");
    }
    if (c >= '0' && c <= '7') {
      return digits(8, 3);
    }
    Position where = source.position();
    source.skip(1);
    return switch (c) {
      case 'a' -> 7;
      case 'b' -> '\b';
      case 't' -> '\t';
      case 'n' -> '\n';
      case 'v' -> 11;
      case 'f' -> '\f';
      case 'r' -> '\r';
      case 'x' -> {
        if (Character.digit(source.peek(0), 16) < 0) {
          throw new DtsException(where, "Found \\x alone, expected hexadecimal digits behind it");
        }
        yield digits(16, 2);
      }
      default -> c;
    };
  }

  private int digits(int radix, int most) {
    int value = 0;
    for (int i = 0; i < most && Character.digit(source.peek(0), radix) >= 0; i++) {
      value = value * radix + Character.digit(source.peek(0), radix);
      source.skip(1);
    }
    return value & 0xff;
  }

  private void skipBlanks() {
    while (true) {
      int c = source.peek(0);
      if (c < 0) {
        if (sources.size() == 1) {
          return;
        }
        sources.pop();
        source = sources.element();
      } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
        source.skip(1);
      } else if (c == '/' && source.peek(1) == '*') {
        skipComment();
      } else if (c == '/' && source.peek(1) == '/') {
        skipLine();
      } else if (c == '#' && source.atLineStart() && lineMark()) {
        skipLine();
      } else if (c == '/' && source.startsWith("/include/")) {
        include();
      } else {
        return;
      }
    }
  }

  private void skipComment() {
    Position where = source.position();
    source.skip(2);
    while (!source.startsWith("*/")) {
      if (source.atEnd()) {
        throw new DtsException(where, "Found a comment without end, expected */");
      }
      source.skip(1);
    }
    source.skip(2);
  }

  private void skipLine() {
    while (!source.atEnd() && source.peek(0) != '\n') {
      source.skip(1);
    }
  }

  /** Takes {@code # 12 "file"} or {@code #line 12 "file"} up to the closing quote. */
  private boolean lineMark() {
    int length = source.startsWith("#line") ? 5 : 1;
    int blanks = blankLength(length);
    int digits = 0;
    while (digits < 9 && isDigit(source.peek(length + blanks + digits))) {
      digits++;
    }
    int quote = length + blanks + digits;
    quote += blankLength(quote);
    if (blanks == 0 || digits == 0 || source.peek(quote) != '"') {
      return false;
    }
    source.skip(length + blanks);
    int line = Integer.parseInt(source.latin1(digits));
    source.skip(quote - length - blanks);
    String file = new String(quoted('"'), StandardCharsets.UTF_8);
    source.setNextLine(file, line);
    return true;
  }

  private int blankLength(int ahead) {
    int length = 0;
    while (source.peek(ahead + length) == ' ' || source.peek(ahead + length) == '\t') {
      length++;
    }
    return length;
  }

  private void include() {
    Position where = source.position();
    source.skip("/include/".length());
    while (source.peek(0) == ' ' || (source.peek(0) >= '\t' && source.peek(0) <= '\r')) {
      source.skip(1);
    }
    if (source.peek(0) != '"') {
      throw new DtsException(
          source.position(), "Found " + found() + ", expected a file name in double quotes");
    }
    String name = new String(quoted('"'), StandardCharsets.UTF_8);
    source = includes.open(name, where, sources.size());
    sources.push(source);
  }

  private int labelLength(int ahead) {
    int length = 0;
    while (isLabelCharacter(source.peek(ahead + length))
        && (length > 0 || !isDigit(source.peek(ahead)))) {
      length++;
    }
    return length;
  }

  private static boolean isLabelCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c) || c == '_';
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }
}
