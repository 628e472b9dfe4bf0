package org.nvlink2vmm.vmm.vcpu.pseries;

/**
 * The translation tables of a machine's DMA windows, by LIOBN, as the TCE hypercalls see them. Bus
 * addresses are bytes; an entry is the page's guest-physical address with bit 0 for read and bit 1
 * for write.
 */
public interface DmaTables {
  /** No window anywhere. */
  DmaTables NONE =
      new DmaTables() {
        @Override
        public boolean put(long liobn, long ioba, long tce) {
          return false;
        }

        @Override
        public long entry(long liobn, long ioba) {
          return -1;
        }

        @Override
        public int pageShift(long liobn) {
          return 0;
        }
      };

  /** Sets an entry; false when no window of this LIOBN holds the bus address. */
  boolean put(long liobn, long ioba, long tce);

  /** An entry; -1 when no window of this LIOBN holds the bus address. */
  long entry(long liobn, long ioba);

  /** Bits of an address inside one page of a window; 0 when there is no such window. */
  int pageShift(long liobn);
}
