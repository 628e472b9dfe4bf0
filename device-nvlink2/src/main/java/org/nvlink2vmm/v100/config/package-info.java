/** Identity and capabilities of the board. */
package org.nvlink2vmm.v100.config;
