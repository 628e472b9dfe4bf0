/**
 * Configuration space of a bridge, as firmware emulates it. Accesses come from guests; one lock a
 * function, held across traps.
 */
package org.nvlink2vmm.npu2.config;
