package org.nvlink2vmm.dt.dts;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Reservation;

/** The tree as the parts of the text make it, one upon the other. */
final class SourceTree {
  final List<Reservation> reservations = new ArrayList<>();
  final Map<String, Position> reservationLabels = new HashMap<>();
  private SourceNode root;

  /** By label the node that got it last; it may be deleted by now. */
  private final Map<String, SourceNode> labelled = new HashMap<>();

  boolean hasRoot() {
    return root != null;
  }

  SourceNode root() {
    return root;
  }

  /** Adds a root block: the first is the tree, later ones are laid upon it. */
  void addRoot(SourceNode block) {
    if (root == null) {
      root = block;
      recordLabels(root);
    } else {
      overlay(root, block);
    }
  }

  void label(SourceNode node, String label) {
    node.labels.add(label);
    labelled.put(label, node);
  }

  /**
   * The node that {@code &label}, <code>&amp;{/path}</code> or <code>&amp;{label/path}</code>
   * means, given without the signs.
   */
  Optional<SourceNode> find(String reference) {
    int slash = reference.indexOf('/');
    String label = slash < 0 ? reference : reference.substring(0, slash);
    Optional<SourceNode> node =
        label.isEmpty()
            ? Optional.ofNullable(root)
            : Optional.ofNullable(labelled.get(label)).filter(found -> holds(found, label));
    if (slash >= 0) {
      for (String name : reference.substring(slash + 1).split("/", -1)) {
        node = name.isEmpty() ? node : node.flatMap(parent -> parent.liveChild(name));
      }
    }
    return node.filter(found -> !found.deleted);
  }

  private static boolean holds(SourceNode node, String label) {
    return node.labels.contains(label) && node.isLive();
  }

  /** Lays a later block upon a node; what both have, the later one decides. */
  void overlay(SourceNode target, SourceNode block) {
    Deque<Overlay> open = new ArrayDeque<>();
    open.push(begin(target, block));
    while (!open.isEmpty()) {
      Overlay overlay = open.element();
      if (overlay.next == overlay.block.children.size()) {
        open.pop();
        continue;
      }
      SourceNode child = overlay.block.children.get(overlay.next++);
      Optional<SourceNode> old = overlay.target.child(child.name);
      if (child.deleted) {
        overlay.target.liveChild(child.name).ifPresent(SourceNode::delete);
      } else if (old.isPresent()) {
        open.push(begin(old.get(), child));
      } else {
        overlay.target.add(child);
        recordLabels(child);
      }
    }
  }

  private Overlay begin(SourceNode target, SourceNode block) {
    target.deleted = false;
    block.labels.forEach(label -> label(target, label));
    for (SourceProperty property : block.properties) {
      Optional<SourceProperty> old = target.property(property.name);
      if (property.deleted) {
        old.ifPresent(SourceProperty::delete);
      } else if (old.isPresent()) {
        old.get().replaceBy(property);
      } else {
        target.add(property);
      }
    }
    return new Overlay(target, block);
  }

  private void recordLabels(SourceNode top) {
    Deque<SourceNode> rest = new ArrayDeque<>();
    rest.push(top);
    while (!rest.isEmpty()) {
      SourceNode node = rest.pop();
      node.labels.forEach(label -> labelled.put(label, node));
      node.children.forEach(rest::push);
    }
  }

  private static final class Overlay {
    private final SourceNode target;
    private final SourceNode block;
    private int next;

    Overlay(SourceNode target, SourceNode block) {
      this.target = target;
      this.block = block;
    }
  }
}
