package org.nvlink2vmm.vmm.vcpu.pseries;

/** Hypercall numbers and answers (PAPR; Linux arch/powerpc/include/asm/hvcall.h). */
final class Hcall {
  static final int GET_TCE = 0x1c;
  static final int PUT_TCE = 0x20;
  static final int SET_SPRG0 = 0x24;
  static final int SET_DABR = 0x28;
  static final int LOGICAL_CI_LOAD = 0x3c;
  static final int LOGICAL_CI_STORE = 0x40;
  static final int LOGICAL_ICBI = 0x4c;
  static final int LOGICAL_DCBF = 0x50;
  static final int GET_TERM_CHAR = 0x54;
  static final int PUT_TERM_CHAR = 0x58;
  static final int EOI = 0x64;
  static final int CPPR = 0x68;
  static final int IPI = 0x6c;
  static final int IPOLL = 0x70;
  static final int XIRR = 0x74;
  static final int REGISTER_VPA = 0xdc;
  static final int CEDE = 0xe0;
  static final int CONFER = 0xe4;
  static final int PROD = 0xe8;
  static final int STUFF_TCE = 0x138;
  static final int PUT_TCE_INDIRECT = 0x13c;
  static final int GET_CPU_CHARACTERISTICS = 0x1c8;
  static final int HOME_NODE_ASSOCIATIVITY = 0x2ec;
  static final int XIRR_X = 0x2fc;
  static final int RANDOM = 0x300;
  static final int SET_MODE = 0x31c;
  static final int REGISTER_PROC_TBL = 0x37c;

  /** QEMU's own: an RTAS call, the argument block's address in r4. */
  static final int RTAS = 0xf000;

  static final long SUCCESS = 0;
  static final long HARDWARE = -1;
  static final long FUNCTION = -2;
  static final long PRIVILEGE = -3;
  static final long PARAMETER = -4;
  static final long P2 = -55;
  static final long P3 = -56;
  static final long P4 = -57;
  static final long UNSUPPORTED_FLAG = -256;

  private Hcall() {}

  /** The PAPR name of a call, or its number. */
  static String name(long number) {
    return switch ((int) number) {
      case 0x4 -> "H_REMOVE";
      case 0x8 -> "H_ENTER";
      case 0xc -> "H_READ";
      case 0x18 -> "H_PROTECT";
      case GET_TCE -> "H_GET_TCE";
      case PUT_TCE -> "H_PUT_TCE";
      case SET_SPRG0 -> "H_SET_SPRG0";
      case SET_DABR -> "H_SET_DABR";
      case LOGICAL_CI_LOAD -> "H_LOGICAL_CI_LOAD";
      case LOGICAL_CI_STORE -> "H_LOGICAL_CI_STORE";
      case LOGICAL_ICBI -> "H_LOGICAL_ICBI";
      case LOGICAL_DCBF -> "H_LOGICAL_DCBF";
      case GET_TERM_CHAR -> "H_GET_TERM_CHAR";
      case PUT_TERM_CHAR -> "H_PUT_TERM_CHAR";
      case EOI -> "H_EOI";
      case CPPR -> "H_CPPR";
      case IPI -> "H_IPI";
      case IPOLL -> "H_IPOLL";
      case XIRR -> "H_XIRR";
      case REGISTER_VPA -> "H_REGISTER_VPA";
      case CEDE -> "H_CEDE";
      case CONFER -> "H_CONFER";
      case PROD -> "H_PROD";
      case 0xec -> "H_GET_PPP";
      case 0x118 -> "H_BULK_REMOVE";
      case STUFF_TCE -> "H_STUFF_TCE";
      case PUT_TCE_INDIRECT -> "H_PUT_TCE_INDIRECT";
      case GET_CPU_CHARACTERISTICS -> "H_GET_CPU_CHARACTERISTICS";
      case 0x2d0 -> "H_GET_EM_PARMS";
      case HOME_NODE_ASSOCIATIVITY -> "H_HOME_NODE_ASSOCIATIVITY";
      case 0x2f4 -> "H_BEST_ENERGY";
      case XIRR_X -> "H_XIRR_X";
      case RANDOM -> "H_RANDOM";
      case 0x398 -> "H_QUERY_VAS_CAPABILITIES";
      case 0xf080 -> "H_GET_PERF_COUNTER_INFO";
      case SET_MODE -> "H_SET_MODE";
      case REGISTER_PROC_TBL -> "H_REGISTER_PROC_TBL";
      case 0x380 -> "H_SIGNAL_SYS_RESET";
      case 0x448 -> "H_RPT_INVALIDATE";
      case RTAS -> "H_RTAS";
      default -> "hypercall 0x" + Long.toHexString(number);
    };
  }
}
