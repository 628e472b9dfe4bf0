package org.nvlink2vmm.vmm.ats;

/** A device-side cache of translations, such as a GPU's. Takes no lock of its caller's. */
public interface TranslationCache {
  /**
   * Drops what matches. With {@code flush} it also waits until accesses in flight that may use it
   * have finished: after the return no access uses a dropped translation. Without, accesses in
   * flight may still end later.
   *
   * @param pid process, 20 bits; looked at for {@link InvalidationScope#ADDRESS} and {@link
   *     InvalidationScope#PROCESS}
   * @param address effective address, for {@link InvalidationScope#ADDRESS}
   * @param pageShift log2 of the block in bytes, for {@link InvalidationScope#ADDRESS}: entries of
   *     pages inside the naturally aligned block go; an entry of a larger page stays, as tlbie does
   *     not promise to drop one
   * @return how many entries were dropped, as far as the cache counts them
   */
  int invalidate(InvalidationScope scope, int pid, long address, int pageShift, boolean flush);

  /** A number that changes with every {@link #invalidate}, before anything is dropped. */
  int generation();

  /** Waits until accesses in flight have finished, as {@link #invalidate} does with flush. */
  void flush();
}
