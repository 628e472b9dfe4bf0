package org.nvlink2vmm.dt.powernv;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.tree.Node;

/**
 * A link of an NPU: a node that is compatible with {@code ibm,npu-link} on a sound host (skiboot
 * doc/device-tree/nvlink.rst and hw/npu2-common.c).
 */
public record HostLink(Node node) {
  /** {@code compatible} of a link node. */
  public static final String COMPATIBLE = "ibm,npu-link";

  public boolean isCompatible() {
    return node.isCompatible(COMPATIBLE);
  }

  /** {@code ibm,npu-link-index}: 0..5 on its NPU; also the entry of {@code ibm,mmio-atsd}. */
  public OptionalInt index() {
    return node.u32("ibm,npu-link-index");
  }

  /** {@code ibm,npu-group-id}: links of one GPU share it; the bridge's PCI device number. */
  public OptionalInt groupId() {
    return node.u32("ibm,npu-group-id");
  }

  /** {@code ibm,npu-brick-id}, numbered over the chip. */
  public OptionalInt brickId() {
    return node.u32("ibm,npu-brick-id");
  }

  /** {@code ibm,workbook-link-id}. */
  public OptionalInt workbookLinkId() {
    return node.u32("ibm,workbook-link-id");
  }

  /** {@code ibm,npu-phy}: the SCOM address of the PHY that drives the link. */
  public OptionalLong phy() {
    return node.u64("ibm,npu-phy");
  }

  /** {@code ibm,npu-lane-mask}: one bit a lane of the PHY. */
  public OptionalInt laneMask() {
    return node.u32("ibm,npu-lane-mask");
  }

  /** {@code ibm,slot-label}: the slot of the GPU at the other end, such as {@code GPU3}. */
  public Optional<String> slotLabel() {
    return node.string("ibm,slot-label");
  }

  /** {@code ibm,link-speed} in bits a second. */
  public OptionalLong bitsPerSecond() {
    return node.u64("ibm,link-speed");
  }

  /** {@code nvidia,link-speed}: the code that skiboot copies to the bridge; 0xff = unknown. */
  public OptionalInt speedCode() {
    return node.u32("nvidia,link-speed");
  }

  /** {@code ibm,npu-link-type}: {@code nvlink} or {@code opencapi}. */
  public Optional<String> type() {
    return node.string("ibm,npu-link-type");
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
