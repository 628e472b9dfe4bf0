/**
 * The test engine: this project's own register block in place of copy engines. Guests choose every
 * address and length; a command moves at most 16 MiB and reaches memory only.
 */
package org.nvlink2vmm.v100.engine;
