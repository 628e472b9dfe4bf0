package org.nvlink2vmm.dt.dts;

/**
 * Something that stands in a value.
 *
 * @param kind what it is
 * @param offset before which byte of the value it stands
 * @param text the label, or what is referred to: a label or a path
 */
record Mark(Kind kind, int offset, String text, Position position) {
  enum Kind {
    /** A label on a place of the value. */
    LABEL,
    /** A cell, 4 bytes of value, to be filled with the phandle of the node referred to. */
    PHANDLE,
    /** No bytes yet; the path of the node referred to goes here. */
    PATH
  }
}
