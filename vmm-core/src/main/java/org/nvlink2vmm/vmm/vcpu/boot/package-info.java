/**
 * Guest images: ELF64 files of either byte order, and where they, an initial RAM disk and the
 * device tree go. Image files come from users and are not trusted: every offset and length is
 * checked against the file and against guest memory before it is used.
 */
package org.nvlink2vmm.vmm.vcpu.boot;
