/**
 * The same requests to our vfio-user server and to libvfio-user, the C library that most servers
 * are built on: replies are compared byte for byte, and each difference is explained. Both serve
 * the same device; {@code reference_device.c} is the library's.
 */
package org.nvlink2vmm.it.differential;
