# Entry of a bare-metal pseries guest: r3 is the device tree. Big-endian, ELFv2, linked so that
# this stands at 0x400000.
        .section .head, "ax"
        .globl _start
_start:
        # 64-bit mode, whatever mode we were entered in; r3 is kept.
        mfmsr   4
        li      5, 1
        rldimi  4, 5, 63, 0
        mtmsrd  4
        isync
        lis     2, .TOC.@ha
        addi    2, 2, .TOC.@l
        lis     1, stack_top@ha
        addi    1, 1, stack_top@l
        li      0, 0
        stdu    0, -64(1)
        bl      guest_main
1:      b       1b

        .section .bss
        .balign 16
        .space  65536
stack_top:
        .space  256
