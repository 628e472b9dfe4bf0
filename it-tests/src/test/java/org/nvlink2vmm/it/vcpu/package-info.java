/** Guests that execute real instructions: bare-metal programs, and Linux where it was built. */
package org.nvlink2vmm.it.vcpu;
