/**
 * Context tables, firmware calls, and the nest MMU that walks a guest's radix trees. Trees are
 * hostile: every address is checked against the partition, a walk has four steps at most.
 */
package org.nvlink2vmm.npu2.xts;
