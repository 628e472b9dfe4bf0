/**
 * The command line: one class a command, thin; what a command does lies in the packages below. Exit
 * codes and the one line that an error gets are decided in {@link org.nvlink2vmm.vmm.cli.Main}
 * alone.
 */
package org.nvlink2vmm.vmm.cli;
