/**
 * Training procedures behind the vendor capability. A driver writes any number; what is not a
 * procedure is answered as unsupported.
 */
package org.nvlink2vmm.npu2.procedure;
