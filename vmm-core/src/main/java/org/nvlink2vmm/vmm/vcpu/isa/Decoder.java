package org.nvlink2vmm.vmm.vcpu.isa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Instruction words to packed instructions, by a declared table: primary opcode, extended opcode
 * with the bits that hold it, mnemonic, operation, form. Sources: Power ISA 2.07B and 3.0B, book I
 * (fixed point, branch), book II (storage), book III (privileged).
 */
public final class Decoder {
  /** Bits 21-30 of the word: the ten-bit extended opcode. */
  private static final int XO10 = 0x3ff << 1;

  /** Nine bits, the tenth being OE. */
  private static final int XO9 = 0x1ff << 1;

  private static final int XS9 = 0x1ff << 2;
  private static final int MD3 = 7 << 2;
  private static final int MDS4 = 15 << 1;
  private static final int A5 = 31 << 1;
  private static final int VA6 = 63;
  private static final int LOW2 = 3;
  private static final int OE = 1 << 10;

  private static final List<Row> ROWS = new ArrayList<>();
  private static final Row[][] BY_PRIMARY = new Row[64][];
  private static final String[] NAMES = new String[Op.COUNT];

  private record Row(int mask, int match, String mnemonic, int op, Form form) {}

  static {
    fixedPointImmediate();
    fixedPointArithmetic();
    fixedPointLogical();
    rotates();
    branches();
    loadsAndStores();
    storageControl();
    system();
    byPrimary(56, "lq", Op.LQ, Form.DQ);
    for (int primary = 0; primary < 64; primary++) {
      int wanted = primary;
      BY_PRIMARY[primary] =
          ROWS.stream().filter(row -> row.match() >>> 26 == wanted).toArray(Row[]::new);
    }
    NAMES[Op.ILLEGAL] = "illegal";
  }

  private Decoder() {}

  /** The packed instruction of a word in big-endian bit numbering; {@link Op#ILLEGAL} if none. */
  public static long decode(int word) {
    for (Row row : BY_PRIMARY[word >>> 26]) {
      if ((word & row.mask()) == row.match()) {
        return specialise(row.form().pack(row.op(), word), word);
      }
    }
    return Insn.pack(MissingUnit.of(word), 0, 0, 0, 0, word);
  }

  /** The mnemonic of a word, without the suffixes of record, overflow and link bits. */
  public static String mnemonic(int word) {
    for (Row row : BY_PRIMARY[word >>> 26]) {
      if ((word & row.mask()) == row.match()) {
        return row.mnemonic();
      }
    }
    return "illegal";
  }

  /** Mnemonics of all instructions that decode, in table order. */
  public static List<String> mnemonics() {
    return ROWS.stream().map(Row::mnemonic).distinct().toList();
  }

  private static long specialise(long insn, int word) {
    return switch (Insn.op(insn)) {
      case Op.BC -> conditional(insn, word);
      case Op.BCLR -> always(word) && !Insn.rc(insn) ? withOp(insn, Op.BLR) : insn;
      case Op.BCCTR -> always(word) && !Insn.rc(insn) ? withOp(insn, Op.BCTR) : insn;
      case Op.B -> Insn.rc(insn) ? withOp(insn, Op.BL) : insn;
      case Op.LBZU, Op.LHZU, Op.LHAU, Op.LWZU, Op.LDU, Op.STBU, Op.STHU, Op.STWU, Op.STDU ->
          update(insn, word);
      case Op.LBZUX, Op.LHZUX, Op.LHAUX, Op.LWZUX, Op.LWAUX, Op.LDUX -> update(insn, word);
      case Op.STBUX, Op.STHUX, Op.STWUX, Op.STDUX -> update(insn, word);
      default -> insn;
    };
  }

  /** An update form writes RA back, so RA 0 is an invalid form. */
  private static long update(long insn, int word) {
    return Form.ra(word) == 0 ? Insn.pack(Op.ILLEGAL, 0, 0, 0, 0, word) : insn;
  }

  /** Names the common kinds of bc that neither link nor use an absolute target. */
  private static long conditional(long insn, int word) {
    if ((word & 3) != 0) {
      return insn;
    }
    return switch (Insn.rt(insn) & 0x1e) {
      case 0x0c, 0x0e -> withOp(insn, Op.BC_TRUE);
      case 0x04, 0x06 -> withOp(insn, Op.BC_FALSE);
      case 0x10, 0x18 -> withOp(insn, Op.BDNZ);
      default -> insn;
    };
  }

  private static boolean always(int word) {
    return (Form.rt(word) & 0x14) == 0x14;
  }

  private static long withOp(long insn, int op) {
    return (insn & ~(long) Insn.OP_MASK) | op;
  }

  private static void fixedPointImmediate() {
    byPrimary(2, "tdi", Op.TDI, Form.D_RA);
    byPrimary(3, "twi", Op.TWI, Form.D_RA);
    byPrimary(7, "mulli", Op.MULLI, Form.D_RA);
    byPrimary(8, "subfic", Op.SUBFIC, Form.D_RA);
    row(10, 1 << 21, 0, "cmplwi", Op.CMPLWI, Form.COMPARE_UNSIGNED);
    row(10, 1 << 21, 1 << 21, "cmpldi", Op.CMPLDI, Form.COMPARE_UNSIGNED);
    row(11, 1 << 21, 0, "cmpwi", Op.CMPWI, Form.COMPARE_SIGNED);
    row(11, 1 << 21, 1 << 21, "cmpdi", Op.CMPDI, Form.COMPARE_SIGNED);
    byPrimary(12, "addic", Op.ADDIC, Form.D_RA);
    byPrimary(13, "addic.", Op.ADDIC_RC, Form.D_RA);
    byPrimary(14, "addi", Op.ADDI, Form.D);
    byPrimary(15, "addis", Op.ADDIS, Form.D_SHIFTED);
    byPrimary(24, "ori", Op.ORI, Form.LOGICAL_IMMEDIATE);
    byPrimary(25, "oris", Op.ORIS, Form.LOGICAL_IMMEDIATE);
    byPrimary(26, "xori", Op.XORI, Form.LOGICAL_IMMEDIATE);
    byPrimary(27, "xoris", Op.XORIS, Form.LOGICAL_IMMEDIATE);
    byPrimary(28, "andi.", Op.ANDI, Form.LOGICAL_IMMEDIATE);
    byPrimary(29, "andis.", Op.ANDIS, Form.LOGICAL_IMMEDIATE);
    row(19, A5, 2 << 1, "addpcis", Op.ADDPCIS, Form.WORD);
    row(4, VA6, 48, "maddhd", Op.MADDHD, Form.WORD);
    row(4, VA6, 49, "maddhdu", Op.MADDHDU, Form.WORD);
    row(4, VA6, 51, "maddld", Op.MADDLD, Form.WORD);
  }

  private static void fixedPointArithmetic() {
    arithmetic(266, "add", Op.ADD, Op.ADD_OE);
    arithmetic(40, "subf", Op.SUBF, Op.SUBF_OE);
    arithmetic(10, "addc", Op.ADDC, Op.ADDC_OE);
    arithmetic(8, "subfc", Op.SUBFC, Op.SUBFC_OE);
    arithmetic(138, "adde", Op.ADDE, Op.ADDE_OE);
    arithmetic(136, "subfe", Op.SUBFE, Op.SUBFE_OE);
    arithmetic(234, "addme", Op.ADDME, Op.ADDME_OE);
    arithmetic(232, "subfme", Op.SUBFME, Op.SUBFME_OE);
    arithmetic(202, "addze", Op.ADDZE, Op.ADDZE_OE);
    arithmetic(200, "subfze", Op.SUBFZE, Op.SUBFZE_OE);
    arithmetic(104, "neg", Op.NEG, Op.NEG_OE);
    arithmetic(235, "mullw", Op.MULLW, Op.MULLW_OE);
    arithmetic(233, "mulld", Op.MULLD, Op.MULLD_OE);
    arithmetic(491, "divw", Op.DIVW, Op.DIVW_OE);
    arithmetic(459, "divwu", Op.DIVWU, Op.DIVWU_OE);
    arithmetic(489, "divd", Op.DIVD, Op.DIVD_OE);
    arithmetic(457, "divdu", Op.DIVDU, Op.DIVDU_OE);
    arithmetic(427, "divwe", Op.DIVWE, Op.DIVWE_OE);
    arithmetic(395, "divweu", Op.DIVWEU, Op.DIVWEU_OE);
    arithmetic(425, "divde", Op.DIVDE, Op.DIVDE_OE);
    arithmetic(393, "divdeu", Op.DIVDEU, Op.DIVDEU_OE);
    // The high multiplies have no OE; bit 21 is reserved and ignored.
    row(31, XO9, 75 << 1, "mulhw", Op.MULHW, Form.X);
    row(31, XO9, 11 << 1, "mulhwu", Op.MULHWU, Form.X);
    row(31, XO9, 73 << 1, "mulhd", Op.MULHD, Form.X);
    row(31, XO9, 9 << 1, "mulhdu", Op.MULHDU, Form.X);
    x(779, "modsw", Op.MODSW, Form.X);
    x(267, "moduw", Op.MODUW, Form.X);
    x(777, "modsd", Op.MODSD, Form.X);
    x(265, "modud", Op.MODUD, Form.X);
    x(755, "darn", Op.DARN, Form.WORD);
  }

  private static void fixedPointLogical() {
    row(31, XO10 | 1 << 21, 0, "cmpw", Op.CMPW, Form.COMPARE);
    row(31, XO10 | 1 << 21, 1 << 21, "cmpd", Op.CMPD, Form.COMPARE);
    row(31, XO10 | 1 << 21, 32 << 1, "cmplw", Op.CMPLW, Form.COMPARE);
    row(31, XO10 | 1 << 21, 32 << 1 | 1 << 21, "cmpld", Op.CMPLD, Form.COMPARE);
    x(192, "cmprb", Op.CMPRB, Form.COMPARE);
    x(224, "cmpeqb", Op.CMPEQB, Form.COMPARE);
    x(128, "setb", Op.SETB, Form.WORD);
    x(28, "and", Op.AND, Form.X_LOGICAL);
    x(60, "andc", Op.ANDC, Form.X_LOGICAL);
    x(444, "or", Op.OR, Form.X_LOGICAL);
    x(412, "orc", Op.ORC, Form.X_LOGICAL);
    x(316, "xor", Op.XOR, Form.X_LOGICAL);
    x(476, "nand", Op.NAND, Form.X_LOGICAL);
    x(124, "nor", Op.NOR, Form.X_LOGICAL);
    x(284, "eqv", Op.EQV, Form.X_LOGICAL);
    x(954, "extsb", Op.EXTSB, Form.X_LOGICAL);
    x(922, "extsh", Op.EXTSH, Form.X_LOGICAL);
    x(986, "extsw", Op.EXTSW, Form.X_LOGICAL);
    x(26, "cntlzw", Op.CNTLZW, Form.X_LOGICAL);
    x(58, "cntlzd", Op.CNTLZD, Form.X_LOGICAL);
    x(538, "cnttzw", Op.CNTTZW, Form.X_LOGICAL);
    x(570, "cnttzd", Op.CNTTZD, Form.X_LOGICAL);
    x(122, "popcntb", Op.POPCNTB, Form.X_LOGICAL);
    x(378, "popcntw", Op.POPCNTW, Form.X_LOGICAL);
    x(506, "popcntd", Op.POPCNTD, Form.X_LOGICAL);
    x(154, "prtyw", Op.PRTYW, Form.X_LOGICAL);
    x(186, "prtyd", Op.PRTYD, Form.X_LOGICAL);
    x(252, "bpermd", Op.BPERMD, Form.X_LOGICAL);
    x(508, "cmpb", Op.CMPB, Form.X_LOGICAL);
    row(31, A5, 15 << 1, "isel", Op.ISEL, Form.ISEL);
  }

  private static void rotates() {
    byPrimary(20, "rlwimi", Op.RLWIMI, Form.M);
    byPrimary(21, "rlwinm", Op.RLWINM, Form.M);
    byPrimary(23, "rlwnm", Op.RLWNM, Form.M);
    row(30, MD3, 0, "rldicl", Op.RLDICL, Form.MD);
    row(30, MD3, 1 << 2, "rldicr", Op.RLDICR, Form.MD);
    row(30, MD3, 2 << 2, "rldic", Op.RLDIC, Form.MD);
    row(30, MD3, 3 << 2, "rldimi", Op.RLDIMI, Form.MD);
    row(30, MDS4, 8 << 1, "rldcl", Op.RLDCL, Form.MDS);
    row(30, MDS4, 9 << 1, "rldcr", Op.RLDCR, Form.MDS);
    x(24, "slw", Op.SLW, Form.X_LOGICAL);
    x(536, "srw", Op.SRW, Form.X_LOGICAL);
    x(792, "sraw", Op.SRAW, Form.X_LOGICAL);
    x(824, "srawi", Op.SRAWI, Form.X_LOGICAL);
    x(27, "sld", Op.SLD, Form.X_LOGICAL);
    x(539, "srd", Op.SRD, Form.X_LOGICAL);
    x(794, "srad", Op.SRAD, Form.X_LOGICAL);
    row(31, XS9, 413 << 2, "sradi", Op.SRADI, Form.XS);
    row(31, XS9, 445 << 2, "extswsli", Op.EXTSWSLI, Form.XS);
  }

  private static void branches() {
    byPrimary(18, "b", Op.B, Form.BRANCH);
    byPrimary(16, "bc", Op.BC, Form.BRANCH_CONDITIONAL);
    row(19, XO10, 16 << 1, "bclr", Op.BCLR, Form.BRANCH_REGISTER);
    row(19, XO10, 528 << 1, "bcctr", Op.BCCTR, Form.BRANCH_REGISTER);
    row(19, XO10, 560 << 1, "bctar", Op.BCTAR, Form.BRANCH_REGISTER);
    row(19, XO10, 0, "mcrf", Op.MCRF, Form.WORD);
    String[] names = {"crnor", "crandc", "crxor", "crnand", "crand", "creqv", "crorc", "cror"};
    int[] codes = {33, 129, 193, 225, 257, 289, 417, 449};
    for (int i = 0; i < names.length; i++) {
      row(19, XO10, codes[i] << 1, names[i], Op.CR_LOGIC, Form.WORD);
    }
    row(31, XO10 | 1 << 20, 19 << 1, "mfcr", Op.MFCR, Form.CR_MASK);
    row(31, XO10 | 1 << 20, 19 << 1 | 1 << 20, "mfocrf", Op.MFOCRF, Form.CR_MASK);
    x(144, "mtcrf", Op.MTCRF, Form.CR_MASK);
    x(576, "mcrxrx", Op.MCRXRX, Form.COMPARE);
  }

  private static void loadsAndStores() {
    byPrimary(34, "lbz", Op.LBZ, Form.D);
    byPrimary(35, "lbzu", Op.LBZU, Form.D_RA);
    byPrimary(40, "lhz", Op.LHZ, Form.D);
    byPrimary(41, "lhzu", Op.LHZU, Form.D_RA);
    byPrimary(42, "lha", Op.LHA, Form.D);
    byPrimary(43, "lhau", Op.LHAU, Form.D_RA);
    byPrimary(32, "lwz", Op.LWZ, Form.D);
    byPrimary(33, "lwzu", Op.LWZU, Form.D_RA);
    row(58, LOW2, 0, "ld", Op.LD, Form.DS);
    row(58, LOW2, 1, "ldu", Op.LDU, Form.DS);
    row(58, LOW2, 2, "lwa", Op.LWA, Form.DS);
    byPrimary(38, "stb", Op.STB, Form.D);
    byPrimary(39, "stbu", Op.STBU, Form.D_RA);
    byPrimary(44, "sth", Op.STH, Form.D);
    byPrimary(45, "sthu", Op.STHU, Form.D_RA);
    byPrimary(36, "stw", Op.STW, Form.D);
    byPrimary(37, "stwu", Op.STWU, Form.D_RA);
    row(62, LOW2, 0, "std", Op.STD, Form.DS);
    row(62, LOW2, 1, "stdu", Op.STDU, Form.DS);
    row(62, LOW2, 2, "stq", Op.STQ, Form.DS);
    byPrimary(46, "lmw", Op.LMW, Form.D);
    byPrimary(47, "stmw", Op.STMW, Form.D);
    address(87, "lbzx", Op.LBZX);
    address(279, "lhzx", Op.LHZX);
    address(343, "lhax", Op.LHAX);
    address(23, "lwzx", Op.LWZX);
    address(341, "lwax", Op.LWAX);
    address(21, "ldx", Op.LDX);
    address(119, "lbzux", Op.LBZUX);
    address(311, "lhzux", Op.LHZUX);
    address(375, "lhaux", Op.LHAUX);
    address(55, "lwzux", Op.LWZUX);
    address(373, "lwaux", Op.LWAUX);
    address(53, "ldux", Op.LDUX);
    address(215, "stbx", Op.STBX);
    address(407, "sthx", Op.STHX);
    address(151, "stwx", Op.STWX);
    address(149, "stdx", Op.STDX);
    address(247, "stbux", Op.STBUX);
    address(439, "sthux", Op.STHUX);
    address(183, "stwux", Op.STWUX);
    address(181, "stdux", Op.STDUX);
    address(790, "lhbrx", Op.LHBRX);
    address(534, "lwbrx", Op.LWBRX);
    address(532, "ldbrx", Op.LDBRX);
    address(918, "sthbrx", Op.STHBRX);
    address(662, "stwbrx", Op.STWBRX);
    address(660, "stdbrx", Op.STDBRX);
    address(597, "lswi", Op.LSWI);
    address(533, "lswx", Op.LSWX);
    address(725, "stswi", Op.STSWI);
    address(661, "stswx", Op.STSWX);
  }

  private static void storageControl() {
    address(52, "lbarx", Op.LBARX);
    address(116, "lharx", Op.LHARX);
    address(20, "lwarx", Op.LWARX);
    address(84, "ldarx", Op.LDARX);
    row(31, XO10 | 1, 694 << 1 | 1, "stbcx.", Op.STBCX, Form.X_ADDRESS);
    row(31, XO10 | 1, 726 << 1 | 1, "sthcx.", Op.STHCX, Form.X_ADDRESS);
    row(31, XO10 | 1, 150 << 1 | 1, "stwcx.", Op.STWCX, Form.X_ADDRESS);
    row(31, XO10 | 1, 214 << 1 | 1, "stdcx.", Op.STDCX, Form.X_ADDRESS);
    address(1014, "dcbz", Op.DCBZ);
    address(982, "icbi", Op.ICBI);
    String[] names = {"dcbst", "dcbf", "dcbtst", "dcbt", "icbt", "eieio", "slbsync"};
    int[] codes = {54, 86, 246, 278, 22, 854, 338};
    for (int i = 0; i < names.length; i++) {
      x(codes[i], names[i], Op.NOP, Form.WORD);
    }
    // sync with L = 2 is ptesync: it also waits for the look-aside invalidations of other threads.
    row(31, XO10 | 3 << 21, 598 << 1 | 2 << 21, "ptesync", Op.PTESYNC, Form.WORD);
    x(598, "sync", Op.SYNC, Form.WORD);
    row(19, XO10, 150 << 1, "isync", Op.ISYNC, Form.WORD);
  }

  private static void system() {
    x(4, "tw", Op.TW, Form.X);
    x(68, "td", Op.TD, Form.X);
    row(17, 3, 2, "sc", Op.SC, Form.WORD);
    row(17, 3, 1, "scv", Op.SCV, Form.WORD);
    row(19, XO10, 18 << 1, "rfid", Op.RFID, Form.WORD);
    row(19, XO10, 82 << 1, "rfscv", Op.RFSCV, Form.WORD);
    row(19, XO10, 274 << 1, "hrfid", Op.HRFID, Form.WORD);
    row(19, XO10, 370 << 1, "stop", Op.STOP, Form.WORD);
    x(83, "mfmsr", Op.MFMSR, Form.WORD);
    x(146, "mtmsr", Op.MTMSR, Form.WORD);
    x(178, "mtmsrd", Op.MTMSRD, Form.WORD);
    spr(339, 8, "mflr", Op.MFLR);
    spr(467, 8, "mtlr", Op.MTLR);
    spr(339, 9, "mfctr", Op.MFCTR);
    spr(467, 9, "mtctr", Op.MTCTR);
    x(339, "mfspr", Op.MFSPR, Form.WORD);
    x(467, "mtspr", Op.MTSPR, Form.WORD);
    x(371, "mftb", Op.MFTB, Form.WORD);
    x(30, "wait", Op.WAIT, Form.WORD);
    x(306, "tlbie", Op.TLBIE, Form.WORD);
    x(274, "tlbiel", Op.TLBIEL, Form.WORD);
    x(566, "tlbsync", Op.TLBSYNC, Form.WORD);
    x(142, "msgsndp", Op.MSGSNDP, Form.WORD);
    x(174, "msgclrp", Op.MSGCLRP, Form.WORD);
    String[] names = {"slbmte", "slbie", "slbieg", "slbia", "slbmfev", "slbmfee", "slbfee."};
    int[] codes = {402, 434, 466, 498, 851, 915, 979};
    for (int i = 0; i < names.length; i++) {
      x(codes[i], names[i], Op.SLB, Form.WORD);
    }
  }

  private static void byPrimary(int primary, String mnemonic, int op, Form form) {
    row(primary, 0, 0, mnemonic, op, form);
  }

  private static void arithmetic(int extended, String mnemonic, int op, int overflowing) {
    row(31, XO9 | OE, extended << 1, mnemonic, op, Form.X);
    row(31, XO9 | OE, extended << 1 | OE, mnemonic + "o", overflowing, Form.X);
  }

  private static void x(int extended, String mnemonic, int op, Form form) {
    row(31, XO10, extended << 1, mnemonic, op, form);
  }

  private static void address(int extended, String mnemonic, int op) {
    x(extended, mnemonic, op, Form.X_ADDRESS);
  }

  /** The two halves of an SPR number are swapped in the word. */
  private static void spr(int extended, int number, String mnemonic, int op) {
    int field = (number & 31) << 16 | (number >>> 5) << 11;
    row(31, XO10 | 0x3ff << 11, extended << 1 | field, mnemonic, op, Form.WORD);
  }

  private static void row(int primary, int mask, int match, String mnemonic, int op, Form form) {
    ROWS.add(new Row(0xfc000000 | mask, primary << 26 | match, mnemonic, op, form));
    NAMES[op] = mnemonic;
  }

  /** The mnemonic of an operation number; where several share one, the last of the table. */
  public static String nameOf(int op) {
    String name = NAMES[op];
    return name == null ? "op " + op : name;
  }

  static boolean everyRowIsDistinct() {
    return Arrays.stream(BY_PRIMARY)
        .allMatch(rows -> Arrays.stream(rows).map(Row::mnemonic).distinct().count() == rows.length);
  }
}
