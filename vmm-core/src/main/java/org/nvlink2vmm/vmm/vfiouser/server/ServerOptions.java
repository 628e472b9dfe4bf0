package org.nvlink2vmm.vmm.vfiouser.server;

import java.time.Duration;

/**
 * How a server behaves where the protocol leaves a choice.
 *
 * @param spin how long to ask for the next message without blocking after the last one; saves the
 *     wake-up of a sleeping core, costs one; zero on machines that have no core to spare
 * @param secondClient what happens to a client that connects while another is attached
 * @param reconnect whether a client may attach after the last one left; without it the server ends.
 *     A client that mapped a region keeps that memory after it has left, as long as it likes
 * @param dmaByMessage reach guest memory by DMA_READ and DMA_WRITE even where the client gave a
 *     descriptor: slow, but shows the true bytes when the client's memory is not shared after all
 * @param strictUnmap answer an unmap of nothing with ENOENT, as libvfio-user does, in place of
 *     success, as the kernel's type 1 IOMMU does: a pseries guest sends hundreds of thousands
 * @param mapMemory when a client may map device-specific regions
 */
public record ServerOptions(
    Duration spin,
    SecondClient secondClient,
    boolean reconnect,
    boolean dmaByMessage,
    boolean strictUnmap,
    MapMemory mapMemory) {

  /**
   * Device-specific regions of memory, such as a GPU's, whose bytes something may stand in front
   * of. What a client has mapped it keeps: a link that is fenced later stops the messages, and not
   * the loads and stores of who mapped the region before.
   */
  public enum MapMemory {
    /** Their file is given whatever stands in front: no access ever fails for a mapping client. */
    ALWAYS,
    /** Only to a client that asks while accesses reach the bytes: once links are trained. */
    TRAINED,
    /** Never: each access is a message. */
    NEVER
  }

  /** A client that comes while another is attached. */
  public enum SecondClient {
    /** Its connection is closed at once. */
    REFUSE,
    /** It waits until the first has left. */
    QUEUE
  }

  /** How long {@link #spin()} may be. */
  public static final Duration LONGEST_SPIN = Duration.ofMillis(100);

  /** What suits a VMM on the same machine. */
  public static final ServerOptions DEFAULT =
      new ServerOptions(
          Duration.ofNanos(50_000), SecondClient.REFUSE, true, false, false, MapMemory.TRAINED);

  /**
   * @throws IllegalArgumentException for a spin below zero or above {@link #LONGEST_SPIN}
   */
  public ServerOptions {
    if (spin.isNegative() || spin.compareTo(LONGEST_SPIN) > 0) {
      throw new IllegalArgumentException("Spin of " + spin + ", at most " + LONGEST_SPIN);
    }
  }

  public ServerOptions withSpin(Duration time) {
    return new ServerOptions(time, secondClient, reconnect, dmaByMessage, strictUnmap, mapMemory);
  }

  public ServerOptions withSecondClient(SecondClient what) {
    return new ServerOptions(spin, what, reconnect, dmaByMessage, strictUnmap, mapMemory);
  }

  public ServerOptions withReconnect(boolean allowed) {
    return new ServerOptions(spin, secondClient, allowed, dmaByMessage, strictUnmap, mapMemory);
  }

  public ServerOptions withDmaByMessage(boolean only) {
    return new ServerOptions(spin, secondClient, reconnect, only, strictUnmap, mapMemory);
  }

  public ServerOptions withStrictUnmap(boolean strict) {
    return new ServerOptions(spin, secondClient, reconnect, dmaByMessage, strict, mapMemory);
  }

  public ServerOptions withMapMemory(MapMemory when) {
    return new ServerOptions(spin, secondClient, reconnect, dmaByMessage, strictUnmap, when);
  }
}
