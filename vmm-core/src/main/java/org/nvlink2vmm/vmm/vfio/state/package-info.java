/**
 * A device's state as a stream of bytes: what stop-copy migration moves (Linux
 * include/uapi/linux/vfio.h, VFIO_MIGRATION_STOP_COPY). The format is this project's own; {@link
 * org.nvlink2vmm.vmm.vfio.state.StateFormat} has it.
 *
 * <p>A device says in {@link org.nvlink2vmm.vmm.vfio.state.DeviceState} which records of fixed size
 * and which memory make it up. Whoever sends a state is not trusted: every field is checked before
 * it has an effect, pages go straight to their place and records into room of the size that the
 * device says, so a stream costs no memory beyond that. A stream that is refused leaves the device
 * as after power-on.
 *
 * <p>Threads: one at a time.
 */
package org.nvlink2vmm.vmm.vfio.state;
