package org.nvlink2vmm.dt.spapr;

/**
 * An NVLink bridge with its ATSD register region (type 0x80001014, subtype 1).
 *
 * @param tgt the address of the GPU behind the link, from SSATGT; 0 means no NVLink
 * @param linkSpeed the code from LNKSPD, passed on as it is (8 = 25.78125 Gbps, 9 = 25 Gbps)
 * @param size bytes of the ATSD region; 0 when the bridge has no ATSD register
 */
public record AtsdFacts(long tgt, int linkSpeed, long size) implements NvlinkFacts {
  public AtsdFacts {
    if (size < 0) {
      throw new IllegalArgumentException("ATSD region of " + Text.hex(size) + " bytes");
    }
  }
}
