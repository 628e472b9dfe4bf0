package org.nvlink2vmm.dt.dts;

import java.nio.charset.StandardCharsets;

/** One file being read: its bytes and how far the lexer has come. */
final class Source {
  private final byte[] text;
  private String file;
  private int at;
  private int line = 1;
  private int lineStart;

  /** Up to here the text is known to hold no label. */
  private int noLabelBefore;

  Source(String file, byte[] text) {
    this.file = file;
    this.text = text;
  }

  boolean atEnd() {
    return at == text.length;
  }

  /** The byte {@code ahead} bytes further on, -1 behind the end. */
  int peek(int ahead) {
    return at + ahead < text.length ? text[at + ahead] & 0xff : -1;
  }

  boolean startsWith(String ascii) {
    if (text.length - at < ascii.length()) {
      return false;
    }
    for (int i = 0; i < ascii.length(); i++) {
      if (text[at + i] != ascii.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  void skip(int bytes) {
    for (int i = 0; i < bytes; i++) {
      if (text[at++] == '\n') {
        line++;
        lineStart = at;
      }
    }
  }

  /**
   * Notes that the name of {@code length} bytes from here on, and so each end of it, is no label.
   */
  void noteNoLabel(int length) {
    noLabelBefore = at + length;
  }

  boolean knownNoLabel() {
    return at < noLabelBefore;
  }

  boolean atLineStart() {
    return at == lineStart;
  }

  /** What a {@code # 12 "file"} line of the C preprocessor says about the line behind it. */
  void setNextLine(String newFile, int number) {
    file = newFile;
    line = number - 1;
  }

  String file() {
    return file;
  }

  Position position() {
    return new Position(file, line, at - lineStart + 1);
  }

  /** {@code length} bytes from here on as characters of the same value. */
  String latin1(int length) {
    return new String(text, at, length, StandardCharsets.ISO_8859_1);
  }
}
