/**
 * The operating system: the only package that makes foreign calls. Linux with a 64-bit C library;
 * numbers are from its generic ABI headers and the exceptions to them are named where they stand.
 *
 * <p>{@link org.nvlink2vmm.vmm.nativeio.Libc} makes calls; descriptors and mappings are owned by
 * {@link org.nvlink2vmm.vmm.nativeio.OwnedFd} and {@link org.nvlink2vmm.vmm.nativeio.Mapping},
 * which release them exactly once and are counted so that tests can find leaks. Calls of the set-up
 * throw {@link org.nvlink2vmm.vmm.nativeio.NativeException}; calls of the data path ({@link
 * org.nvlink2vmm.vmm.nativeio.SocketMessage}, {@link org.nvlink2vmm.vmm.nativeio.PollSet}, {@link
 * org.nvlink2vmm.vmm.nativeio.EventFd}) answer the negative of the errno instead.
 *
 * <p>The peer of a socket supplies bytes and descriptors: how many of either are taken is bounded
 * by the buffers that the receiver brings, and descriptors that do not fit are never left open. A
 * peer may also shrink a file that is mapped here; touching the lost part is an {@link
 * InternalError} in the thread that does it, not the end of the process.
 *
 * <p>Threads: calls may be made from any thread. A descriptor must not be closed while another
 * thread uses it, since its number may be given out again at once; who shares one excludes that, as
 * {@code EventFd} does with a lock of its own.
 */
package org.nvlink2vmm.vmm.nativeio;
