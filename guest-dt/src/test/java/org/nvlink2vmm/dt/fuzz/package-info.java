/**
 * What the readers of hostile input must hold for any bytes; fuzzed by the profile {@code fuzz},
 * whose findings are replayed here as plain tests. See the class comments in {@code src/fuzz}.
 */
package org.nvlink2vmm.dt.fuzz;
