package org.nvlink2vmm.vmm.vcpu;

/** Special purpose registers by number (Power ISA, book III, section 4.4). */
final class Spr {
  static final int XER = 1;
  static final int DSCR_USER = 3;
  static final int LR = 8;
  static final int CTR = 9;
  static final int AMR_USER = 13;
  static final int DSCR = 17;
  static final int DSISR = 18;
  static final int DAR = 19;
  static final int DEC = 22;
  static final int SRR0 = 26;
  static final int SRR1 = 27;
  static final int CFAR = 28;
  static final int AMR = 29;
  static final int PID = 48;
  static final int IAMR = 61;
  static final int CTRL_READ = 136;
  static final int CTRL = 152;
  static final int FSCR = 153;
  static final int UAMOR = 157;
  static final int PSPB = 159;
  static final int DPDES = 176;
  static final int VRSAVE = 256;
  static final int SPRG3_USER = 259;
  static final int TB = 268;
  static final int TBU = 269;
  static final int SPRG0 = 272;
  static final int SPRG3 = 275;
  static final int PVR = 287;
  static final int TIR = 446;
  static final int PPR = 896;
  static final int PPR32 = 898;
  static final int TAR = 815;

  private Spr() {}
}
