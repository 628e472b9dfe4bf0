package org.nvlink2vmm.npu2;

import org.nvlink2vmm.npu2.link.Brick;

/** Told of a receive credit that procedure 13 finds wrong; firmware only logs it. */
@FunctionalInterface
interface CreditLog {
  void wrong(int link, int offset, Brick brick);
}
