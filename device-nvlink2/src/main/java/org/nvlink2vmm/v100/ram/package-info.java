/**
 * The GPU's memory and its coherent window. The window's switch between memory and error answers
 * takes the address space's lock; accesses take none.
 */
package org.nvlink2vmm.v100.ram;
