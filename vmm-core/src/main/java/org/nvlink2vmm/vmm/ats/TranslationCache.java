package org.nvlink2vmm.vmm.ats;

/** A device-side cache of translations, such as a GPU's. Takes no lock of its caller's. */
public interface TranslationCache {
  /**
   * Drops what matches and waits until accesses in flight that use it have finished. After the
   * return no access uses a dropped translation.
   *
   * @return how many entries were dropped
   */
  int invalidate(Invalidation what);
}
