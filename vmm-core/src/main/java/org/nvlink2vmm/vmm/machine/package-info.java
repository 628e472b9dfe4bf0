/**
 * Machine files, and the one place that makes objects of them.
 *
 * <p>A machine file is a user's: it may be anything. It is read as a whole before anything is
 * built, bounded in size, nesting and number of devices; every fault is a {@link
 * org.nvlink2vmm.vmm.machine.ConfigError} that says where, what was found and what was expected.
 */
package org.nvlink2vmm.vmm.machine;
