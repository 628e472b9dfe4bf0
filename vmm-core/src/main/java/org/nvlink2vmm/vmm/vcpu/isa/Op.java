package org.nvlink2vmm.vmm.vcpu.isa;

/**
 * Operation numbers, as {@link Decoder} puts them into a decoded instruction. One number for what
 * the interpreter tells apart: a mnemonic, or a form of it that deserves its own case (a branch
 * always taken, an overflow-recording addition). Numbers up to {@link #LAST_HOT} are dispatched in
 * the interpreter's loop, the others out of line.
 */
public final class Op {
  /** Not decoded yet: the word has to be read. Zero, so that a cleared array means this. */
  public static final int UNDECODED = 0;

  /** Stands behind the last word of a page. */
  public static final int END_OF_PAGE = 1;

  public static final int ADDI = 2;
  public static final int ADDIS = 3;
  public static final int ADD = 4;
  public static final int SUBF = 5;
  public static final int NEG = 6;
  public static final int MULLI = 7;
  public static final int MULLW = 8;
  public static final int MULLD = 9;
  public static final int ADDIC = 10;
  public static final int SUBFIC = 11;
  public static final int ANDI = 12;
  public static final int ANDIS = 13;
  public static final int ORI = 14;
  public static final int ORIS = 15;
  public static final int XORI = 16;
  public static final int XORIS = 17;
  public static final int AND = 18;
  public static final int ANDC = 19;
  public static final int OR = 20;
  public static final int ORC = 21;
  public static final int XOR = 22;
  public static final int NAND = 23;
  public static final int NOR = 24;
  public static final int EQV = 25;
  public static final int EXTSB = 26;
  public static final int EXTSH = 27;
  public static final int EXTSW = 28;
  public static final int CNTLZW = 29;
  public static final int CNTLZD = 30;
  public static final int RLWINM = 31;
  public static final int RLWIMI = 32;
  public static final int RLWNM = 33;
  public static final int RLDICL = 34;
  public static final int RLDICR = 35;
  public static final int RLDIC = 36;
  public static final int RLDIMI = 37;
  public static final int SLW = 38;
  public static final int SRW = 39;
  public static final int SLD = 40;
  public static final int SRD = 41;
  public static final int SRAWI = 42;
  public static final int SRADI = 43;
  public static final int CMPW = 44;
  public static final int CMPD = 45;
  public static final int CMPLW = 46;
  public static final int CMPLD = 47;
  public static final int CMPWI = 48;
  public static final int CMPDI = 49;
  public static final int CMPLWI = 50;
  public static final int CMPLDI = 51;
  public static final int ISEL = 52;
  public static final int B = 53;
  public static final int BL = 54;
  public static final int BC = 55;
  public static final int BC_TRUE = 56;
  public static final int BC_FALSE = 57;
  public static final int BDNZ = 58;
  public static final int BCLR = 59;
  public static final int BLR = 60;
  public static final int BCCTR = 61;
  public static final int BCTR = 62;
  public static final int LBZ = 63;
  public static final int LHZ = 64;
  public static final int LHA = 65;
  public static final int LWZ = 66;
  public static final int LWA = 67;
  public static final int LD = 68;
  public static final int LBZX = 69;
  public static final int LHZX = 70;
  public static final int LHAX = 71;
  public static final int LWZX = 72;
  public static final int LWAX = 73;
  public static final int LDX = 74;
  public static final int LBZU = 75;
  public static final int LHZU = 76;
  public static final int LWZU = 77;
  public static final int LDU = 78;
  public static final int STB = 79;
  public static final int STH = 80;
  public static final int STW = 81;
  public static final int STD = 82;
  public static final int STBX = 83;
  public static final int STHX = 84;
  public static final int STWX = 85;
  public static final int STDX = 86;
  public static final int STBU = 87;
  public static final int STHU = 88;
  public static final int STWU = 89;
  public static final int STDU = 90;
  public static final int MFLR = 91;
  public static final int MTLR = 92;
  public static final int MFCTR = 93;
  public static final int MTCTR = 94;
  public static final int MFCR = 95;
  public static final int MFOCRF = 96;
  public static final int MTCRF = 97;
  public static final int MCRF = 98;
  public static final int CR_LOGIC = 99;
  public static final int NOP = 100;
  public static final int SYNC = 101;
  public static final int ADDC = 102;
  public static final int ADDE = 103;
  public static final int SUBFC = 104;
  public static final int SUBFE = 105;
  public static final int ADDZE = 106;
  public static final int SUBFZE = 107;
  public static final int CMPB = 108;

  /** Never decoded from a word: stands where a compiled block begins. */
  public static final int COMPILED = 109;

  /** The last number that the interpreter's loop dispatches itself. */
  public static final int LAST_HOT = COMPILED;

  public static final int ADDIC_RC = 110;
  public static final int ADDME = 111;
  public static final int SUBFME = 112;
  public static final int ADD_OE = 113;
  public static final int SUBF_OE = 114;
  public static final int NEG_OE = 115;
  public static final int ADDC_OE = 116;
  public static final int ADDE_OE = 117;
  public static final int SUBFC_OE = 118;
  public static final int SUBFE_OE = 119;
  public static final int ADDME_OE = 120;
  public static final int ADDZE_OE = 121;
  public static final int SUBFME_OE = 122;
  public static final int SUBFZE_OE = 123;
  public static final int MULLW_OE = 124;
  public static final int MULLD_OE = 125;
  public static final int MULHW = 126;
  public static final int MULHWU = 127;
  public static final int MULHD = 128;
  public static final int MULHDU = 129;
  public static final int DIVW = 130;
  public static final int DIVWU = 131;
  public static final int DIVD = 132;
  public static final int DIVDU = 133;
  public static final int DIVWE = 134;
  public static final int DIVWEU = 135;
  public static final int DIVDE = 136;
  public static final int DIVDEU = 137;
  public static final int DIVW_OE = 138;
  public static final int DIVWU_OE = 139;
  public static final int DIVD_OE = 140;
  public static final int DIVDU_OE = 141;
  public static final int DIVWE_OE = 142;
  public static final int DIVWEU_OE = 143;
  public static final int DIVDE_OE = 144;
  public static final int DIVDEU_OE = 145;
  public static final int MODSW = 146;
  public static final int MODUW = 147;
  public static final int MODSD = 148;
  public static final int MODUD = 149;
  public static final int MADDHD = 150;
  public static final int MADDHDU = 151;
  public static final int MADDLD = 152;
  public static final int ADDPCIS = 153;
  public static final int CNTTZW = 154;
  public static final int CNTTZD = 155;
  public static final int POPCNTB = 156;
  public static final int POPCNTW = 157;
  public static final int POPCNTD = 158;
  public static final int PRTYW = 159;
  public static final int PRTYD = 160;
  public static final int BPERMD = 161;
  public static final int CMPRB = 162;
  public static final int CMPEQB = 163;
  public static final int SETB = 164;
  public static final int EXTSWSLI = 165;
  public static final int SRAW = 166;
  public static final int SRAD = 167;
  public static final int RLDCL = 168;
  public static final int RLDCR = 169;
  public static final int BCTAR = 170;
  public static final int MCRXRX = 171;
  public static final int DARN = 172;
  public static final int LHAU = 173;
  public static final int LBZUX = 174;
  public static final int LHZUX = 175;
  public static final int LHAUX = 176;
  public static final int LWZUX = 177;
  public static final int LWAUX = 178;
  public static final int LDUX = 179;
  public static final int STBUX = 180;
  public static final int STHUX = 181;
  public static final int STWUX = 182;
  public static final int STDUX = 183;
  public static final int LHBRX = 184;
  public static final int LWBRX = 185;
  public static final int LDBRX = 186;
  public static final int STHBRX = 187;
  public static final int STWBRX = 188;
  public static final int STDBRX = 189;
  public static final int LMW = 190;
  public static final int STMW = 191;
  public static final int LSWI = 192;
  public static final int LSWX = 193;
  public static final int STSWI = 194;
  public static final int STSWX = 195;
  public static final int LBARX = 196;
  public static final int LHARX = 197;
  public static final int LWARX = 198;
  public static final int LDARX = 199;
  public static final int STBCX = 200;
  public static final int STHCX = 201;
  public static final int STWCX = 202;
  public static final int STDCX = 203;
  public static final int LQ = 204;
  public static final int STQ = 205;
  public static final int DCBZ = 206;
  public static final int ICBI = 207;
  public static final int TW = 208;
  public static final int TWI = 209;
  public static final int TD = 210;
  public static final int TDI = 211;
  public static final int SC = 212;
  public static final int SCV = 213;
  public static final int RFID = 214;
  public static final int RFSCV = 215;
  public static final int HRFID = 216;
  public static final int MFMSR = 217;
  public static final int MTMSR = 218;
  public static final int MTMSRD = 219;
  public static final int MFSPR = 220;
  public static final int MTSPR = 221;
  public static final int MFTB = 222;
  public static final int ISYNC = 223;
  public static final int WAIT = 224;
  public static final int STOP = 225;
  public static final int TLBIE = 226;
  public static final int TLBIEL = 227;
  public static final int TLBSYNC = 228;

  /** Any of the segment look-aside instructions: nothing to do under radix translation. */
  public static final int SLB = 229;

  public static final int MSGSNDP = 230;
  public static final int MSGCLRP = 231;
  public static final int FLOATING = 232;
  public static final int VECTOR = 233;
  public static final int VSX = 234;
  public static final int PTESYNC = 235;

  /** No instruction of this processor. */
  public static final int ILLEGAL = 236;

  /** How many numbers there are. */
  public static final int COUNT = 237;

  private Op() {}
}
