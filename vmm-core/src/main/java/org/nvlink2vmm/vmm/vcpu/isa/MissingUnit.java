package org.nvlink2vmm.vmm.vcpu.isa;

/** Instructions of units that this processor lacks: floating point, vector, vector-scalar. */
final class MissingUnit {
  private MissingUnit() {}

  /** Which unit that we lack a word belongs to: its absence raises an interrupt of its own. */
  static int of(int word) {
    int extended = word >>> 1 & 0x3ff;
    return switch (word >>> 26) {
      case 4 -> Op.VECTOR;
      case 57, 60, 61 -> Op.VSX;
      case 48, 49, 50, 51, 52, 53, 54, 55, 59, 63 -> Op.FLOATING;
      case 31 -> {
        boolean vector =
            switch (extended) {
              case 6, 7, 38, 39, 71, 103, 135, 167, 199, 231, 359, 487 -> true;
              default -> false;
            };
        boolean floating =
            switch (extended) {
              case 535, 567, 599, 631, 663, 695, 727, 759, 855, 887, 983 -> true;
              default -> false;
            };
        boolean vsx =
            switch (extended) {
              case 12,
                  51,
                  76,
                  115,
                  140,
                  179,
                  211,
                  243,
                  268,
                  269,
                  301,
                  332,
                  364,
                  396,
                  397,
                  403,
                  412,
                  435,
                  428,
                  524,
                  556,
                  588,
                  620,
                  652,
                  684,
                  716,
                  748,
                  780,
                  812,
                  844,
                  876,
                  908,
                  940,
                  972 ->
                  true;
              default -> false;
            };
        yield vector ? Op.VECTOR : floating ? Op.FLOATING : vsx ? Op.VSX : Op.ILLEGAL;
      }
      default -> Op.ILLEGAL;
    };
  }
}
