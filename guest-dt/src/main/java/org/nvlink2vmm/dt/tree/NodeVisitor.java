package org.nvlink2vmm.dt.tree;

/** Sees the nodes of a tree in the order of a blob; see {@link DeviceTree#walk}. */
public interface NodeVisitor {
  /** Called for a node before its children. */
  void enter(Node node);

  /** Called for a node after its children. */
  void leave(Node node);
}
