package org.nvlink2vmm.dt.dts;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Reservation;

/** Reads a text into a {@link SourceTree}; references in values are not followed yet. */
final class DtsParser {
  private final DtsLexer lexer;
  private final ValueParser values;
  private final DtsLimits limits;
  private final SourceTree tree = new SourceTree();
  private int nodes;
  private int properties;

  DtsParser(Source source, Includes includes, DtsLimits limits) {
    this.lexer = new DtsLexer(source, includes);
    this.values = new ValueParser(lexer, includes, limits);
    this.limits = limits;
  }

  static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  SourceTree parse() {
    versions();
    reservations();
    while (!tree.hasRoot() || !lexer.atEnd()) {
      block();
    }
    return tree;
  }

  private void versions() {
    if (!lexer.at("/dts-v1/")) {
      throw lexer.unexpected("/dts-v1/; at the start");
    }
    while (lexer.take("/dts-v1/")) {
      lexer.expect(";", "after /dts-v1/");
      if (lexer.at("/plugin/")) {
        throw lexer.unexpected("a whole tree: overlays for other trees are not supported");
      }
    }
  }

  private void reservations() {
    while (true) {
      Position where = lexer.position();
      Optional<String> label = lexer.label();
      if (label.isPresent()) {
        if (tree.reservationLabels.putIfAbsent(label.get(), where) != null) {
          throw new DtsException(where, "Found label '" + label.get() + "' a second time");
        }
        if (!lexer.at("/memreserve/") && !lexer.atLabel()) {
          throw lexer.unexpected("/memreserve/ after the label");
        }
      } else if (lexer.take("/memreserve/")) {
        long address = values.number();
        long size = values.number();
        lexer.expect(";", "after the reservation");
        if (tree.reservations.size() == limits.nodes()) {
          throw new DtsException(where, "More than " + limits.nodes() + " reservations");
        }
        tree.reservations.add(new Reservation(address, size));
      } else {
        return;
      }
    }
  }

  /** One top-level block: a root, a node by reference, or a deletion. */
  private void block() {
    Position where = lexer.position();
    if (tree.hasRoot() && lexer.take("/delete-node/")) {
      SourceNode node = target("after /delete-node/");
      if (node == tree.root()) {
        throw new DtsException(where, "The root cannot be deleted");
      }
      node.delete();
      lexer.expect(";", "after the reference");
    } else if (tree.hasRoot() && lexer.take("/omit-if-no-ref/")) {
      target("after /omit-if-no-ref/").omittedUnlessReferenced = true;
      lexer.expect(";", "after the reference");
    } else if (lexer.take("/")) {
      tree.addRoot(body(new SourceNode("", where), 1));
    } else if (tree.hasRoot()) {
      Optional<String> label = lexer.label();
      SourceNode node = target("or '/'");
      label.ifPresent(text -> tree.label(node, text));
      tree.overlay(node, body(new SourceNode(node.name, where), node.depth()));
    } else {
      throw lexer.unexpected("'/ {', the root");
    }
  }

  private SourceNode target(String why) {
    Position where = lexer.position();
    String reference =
        lexer.reference().orElseThrow(() -> lexer.unexpected("a reference to a node " + why));
    return tree.find(reference)
        .orElseThrow(() -> new DtsException(where, "Found no node for &" + quote(reference)));
  }

  /** How a reference was written, without the ampersand. */
  static String quote(String reference) {
    return reference.indexOf('/') < 0 ? reference : "{" + reference + "}";
  }

  /**
   * Reads from the opening brace to the closing one with its semicolon, whatever is inside.
   *
   * @param depth of the node in the tree, which overlays could otherwise make deeper and deeper
   */
  private SourceNode body(SourceNode top, int depth) {
    lexer.expect("{", "where a node begins");
    count(top);
    Deque<SourceNode> open = new ArrayDeque<>();
    open.push(top);
    while (!open.isEmpty()) {
      if (lexer.take("}")) {
        lexer.expect(";", "where a node ends");
        open.pop();
      } else {
        member(open, depth - 1);
      }
    }
    return top;
  }

  /** Reads one member of the innermost open node; a subnode only up to its opening brace. */
  private void member(Deque<SourceNode> open, int above) {
    SourceNode node = open.element();
    List<String> labels = new ArrayList<>(0);
    boolean omit = false;
    Position where = lexer.position();
    while (true) {
      Optional<String> label = lexer.label();
      if (label.isPresent()) {
        labels.add(label.get());
      } else if (lexer.take("/omit-if-no-ref/")) {
        omit = true;
      } else {
        break;
      }
    }
    if (lexer.take("/delete-node/")) {
      SourceNode deleted = new SourceNode(name("of the node to delete"), where);
      deleted.deleted = true;
      count(deleted);
      node.add(deleted);
      lexer.expect(";", "after the name of the node");
    } else if (lexer.take("/delete-property/")) {
      add(
          node,
          where,
          new SourceProperty(
              name("of the property to delete"), where, new byte[0], List.of(), true),
          labels);
      lexer.expect(";", "after the name of the property");
    } else {
      Position nameAt = lexer.position();
      String name = name("of a property or node, or '}'");
      if (lexer.take("{")) {
        SourceNode child = new SourceNode(name, nameAt);
        child.labels.addAll(labels);
        child.omittedUnlessReferenced = omit;
        begin(open, child, above);
      } else if (omit) {
        throw lexer.unexpected("'{' after /omit-if-no-ref/ and the name of a node");
      } else {
        add(node, nameAt, property(name, nameAt), labels);
      }
    }
  }

  private void begin(Deque<SourceNode> open, SourceNode child, int above) {
    count(child);
    open.element().add(child);
    open.push(child);
    if (above + open.size() > limits.depth()) {
      throw new DtsException(
          child.position, "Nodes are more than " + limits.depth() + " deep inside one another");
    }
  }

  private SourceProperty property(String name, Position where) {
    SourceProperty property;
    if (lexer.take("=")) {
      property = values.property(name, where);
    } else {
      property = new SourceProperty(name, where, new byte[0], List.of(), false);
      if (!lexer.at(";")) {
        throw lexer.unexpected("'=', ';' or '{' after the name '" + name + "'");
      }
    }
    lexer.expect(";", "after the value of '" + name + "'");
    return property;
  }

  private void add(SourceNode node, Position where, SourceProperty property, List<String> labels) {
    if (!node.children.isEmpty()) {
      throw new DtsException(
          where,
          "Found property '" + property.name + "' after a subnode, expected properties first");
    }
    properties++;
    if (properties > limits.properties()) {
      throw new DtsException(where, "More than " + limits.properties() + " properties");
    }
    property.labels.addAll(labels);
    node.add(property);
  }

  private void count(SourceNode node) {
    nodes++;
    if (nodes > limits.nodes()) {
      throw new DtsException(node.position, "More than " + limits.nodes() + " nodes");
    }
  }

  private String name(String why) {
    return lexer.name().orElseThrow(() -> lexer.unexpected("the name " + why));
  }
}
