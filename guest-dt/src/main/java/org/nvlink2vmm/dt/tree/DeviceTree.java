package org.nvlink2vmm.dt.tree;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/** A whole tree: the root, the memory reservations, the physical id of the boot CPU. */
public final class DeviceTree {
  private final Node root = new Node("", null);
  private final List<Reservation> reservations = new ArrayList<>();
  private int bootCpu;

  public Node root() {
    return root;
  }

  /** The memory reservation block; may be changed. */
  public List<Reservation> reservations() {
    return reservations;
  }

  /** {@code boot_cpuid_phys} of the header. */
  public int bootCpu() {
    return bootCpu;
  }

  public void setBootCpu(int bootCpu) {
    this.bootCpu = bootCpu;
  }

  /** The node at an absolute path with full names, {@code /} for the root. */
  public Optional<Node> find(String path) {
    if (!path.startsWith("/")) {
      return Optional.empty();
    }
    Optional<Node> node = Optional.of(root);
    for (String name : path.substring(1).split("/", -1)) {
      if (!name.isEmpty()) {
        node = node.flatMap(parent -> parent.child(name));
      }
    }
    return node;
  }

  /** All nodes in the order in which they stand in a blob: a node before its children. */
  public Iterable<Node> nodes() {
    return () -> new PreOrder(root);
  }

  /** Shows every node to {@code visitor}, before and after its children. Does not recurse. */
  public void walk(NodeVisitor visitor) {
    List<Node> path = new ArrayList<>();
    int[] next = new int[16];
    visitor.enter(root);
    path.add(root);
    while (!path.isEmpty()) {
      Node node = path.getLast();
      int depth = path.size() - 1;
      if (next[depth] < node.children().size()) {
        Node child = node.children().get(next[depth]++);
        visitor.enter(child);
        path.add(child);
        if (path.size() > next.length) {
          next = Arrays.copyOf(next, 2 * next.length);
        }
        next[depth + 1] = 0;
      } else {
        visitor.leave(path.removeLast());
      }
    }
  }

  /**
   * Every node that has a phandle, by phandle; of equal phandles the first in tree order. A
   * snapshot: later changes to the tree do not show.
   */
  public Map<Integer, Node> phandles() {
    Map<Integer, Node> byPhandle = new HashMap<>();
    for (Node node : nodes()) {
      node.phandle().ifPresent(phandle -> byPhandle.putIfAbsent(phandle, node));
    }
    return byPhandle;
  }

  /**
   * Turns the order of writing into the order that libfdt leaves: there a new property goes before
   * the properties of its node and a new subnode before its siblings, so both come out reversed,
   * while a property that was set again keeps its place (QEMU builds its tree this way).
   */
  public DeviceTree inLibfdtOrder() {
    nodes().forEach(Node::reverse);
    return this;
  }

  private static final class PreOrder implements Iterator<Node> {
    private final Deque<Iterator<Node>> open = new ArrayDeque<>();

    PreOrder(Node root) {
      open.push(List.of(root).iterator());
    }

    @Override
    public boolean hasNext() {
      while (!open.isEmpty() && !open.peek().hasNext()) {
        open.pop();
      }
      return !open.isEmpty();
    }

    @Override
    public Node next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Node node = open.peek().next();
      open.push(new LazyChildren(node));
      return node;
    }
  }

  /** Asks for the children only when the node itself has been dealt with, so it may be reversed. */
  private static final class LazyChildren implements Iterator<Node> {
    private final Node node;
    private Iterator<Node> children;

    LazyChildren(Node node) {
      this.node = node;
    }

    private Iterator<Node> children() {
      if (children == null) {
        children = node.children().iterator();
      }
      return children;
    }

    @Override
    public boolean hasNext() {
      return children().hasNext();
    }

    @Override
    public Node next() {
      return children().next();
    }
  }
}
