package org.nvlink2vmm.dt.spapr;

/**
 * A bridge function as one link of a GPU.
 *
 * @param bridge the bridge function
 * @param index number of the link on its vPHB, {@code ibm,npu-link-index}
 * @param speed link speed code
 * @param atsdGpa where its ATSD register region is in guest memory; means nothing at size 0
 * @param atsdSize bytes of that region, 0 when the bridge has none
 * @param bridgePhandle of the bridge's node
 * @param linkPhandle of the {@code link@n} node
 */
public record NvlinkLink(
    PlacedFunction bridge,
    int index,
    int speed,
    long atsdGpa,
    long atsdSize,
    int bridgePhandle,
    int linkPhandle) {

  public boolean hasAtsd() {
    return atsdSize != 0;
  }
}
