package org.nvlink2vmm.dt.dts;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * Makes a {@link DeviceTree} of a {@link SourceTree}: checks that names and labels are there once,
 * puts phandles and paths where references stand, leaves out what nobody refers to.
 */
final class Resolver {
  private final SourceTree source;
  private final DtsLimits limits;

  /** Nodes that are not deleted, each before its children. */
  private final List<SourceNode> live = new ArrayList<>();

  private final Map<SourceNode, Integer> phandles = new HashMap<>();
  private final Set<Integer> usedPhandles = new HashSet<>();
  private int nextPhandle = 1;
  private long pathBytes;

  Resolver(SourceTree source, DtsLimits limits) {
    this.source = source;
    this.limits = limits;
  }

  DeviceTree resolve() {
    listLive();
    checkNames();
    checkLabels();
    live.forEach(this::takePhandle);
    live.forEach(this::fillPhandles);
    live.forEach(this::fillPaths);
    return build();
  }

  private void listLive() {
    Deque<SourceNode> rest = new ArrayDeque<>();
    rest.push(source.root());
    while (!rest.isEmpty()) {
      SourceNode node = rest.pop();
      live.add(node);
      for (SourceNode child : node.children.reversed()) {
        if (!child.deleted) {
          rest.push(child);
        }
      }
    }
  }

  private void checkNames() {
    Set<String> seen = new HashSet<>();
    for (SourceNode node : live) {
      seen.clear();
      for (SourceProperty property : node.properties) {
        if (!property.deleted && !seen.add(property.name)) {
          throw second("property '" + property.name + "' in " + node.path(), property.position);
        }
      }
      seen.clear();
      for (SourceNode child : node.children) {
        boolean first = child.deleted ? !seen.contains(child.name) : seen.add(child.name);
        if (!first) {
          throw second("node " + child.path(), child.position);
        }
      }
    }
  }

  private void checkLabels() {
    Set<String> seen = new HashSet<>(source.reservationLabels.keySet());
    for (SourceNode node : live) {
      node.labels.forEach(label -> checkLabel(seen, label, node.position));
      for (SourceProperty property : node.properties) {
        if (!property.deleted) {
          property.labels.forEach(label -> checkLabel(seen, label, property.position));
          for (Mark mark : property.marks) {
            if (mark.kind() == Mark.Kind.LABEL) {
              checkLabel(seen, mark.text(), mark.position());
            }
          }
        }
      }
    }
  }

  private static void checkLabel(Set<String> seen, String label, Position position) {
    if (!seen.add(label)) {
      throw second("label '" + label + "'", position);
    }
  }

  private static DtsException second(String what, Position position) {
    return new DtsException(position, "Found " + what + " a second time");
  }

  /** Notes the phandle that a node was given in the text. */
  private void takePhandle(SourceNode node) {
    node.liveProperty("phandle")
        .or(() -> node.liveProperty("linux,phandle"))
        .filter(property -> property.value.length == 4 && !refersTo(property, node))
        .map(property -> ByteBuffer.wrap(property.value).order(ByteOrder.BIG_ENDIAN).getInt())
        .filter(Resolver::isValid)
        .ifPresent(
            phandle -> {
              phandles.put(node, phandle);
              usedPhandles.add(phandle);
            });
  }

  /** {@code phandle = <&self>} asks for a number to be chosen. */
  private boolean refersTo(SourceProperty phandle, SourceNode node) {
    return phandle.marks.stream()
        .anyMatch(
            mark ->
                mark.kind() == Mark.Kind.PHANDLE
                    && source.find(mark.text()).filter(found -> found == node).isPresent());
  }

  private static boolean isValid(int phandle) {
    return phandle != 0 && phandle != -1;
  }

  private void fillPhandles(SourceNode node) {
    // By index: a node that refers to itself gets its phandle property while we are here.
    for (int i = 0; i < node.properties.size(); i++) {
      SourceProperty property = node.properties.get(i);
      for (Mark mark : property.deleted ? List.<Mark>of() : property.marks) {
        if (mark.kind() == Mark.Kind.PHANDLE) {
          int phandle = phandle(referred(mark), mark);
          ByteBuffer.wrap(property.value)
              .order(ByteOrder.BIG_ENDIAN)
              .putInt(mark.offset(), phandle);
        }
      }
    }
  }

  private SourceNode referred(Mark mark) {
    SourceNode node =
        source
            .find(mark.text())
            .orElseThrow(
                () ->
                    new DtsException(
                        mark.position(), "Found no node for &" + DtsParser.quote(mark.text())));
    node.referenced = true;
    return node;
  }

  private int phandle(SourceNode node, Mark mark) {
    Integer known = phandles.get(node);
    if (known != null) {
      return known;
    }
    while (!isValid(nextPhandle) || usedPhandles.contains(nextPhandle)) {
      nextPhandle++;
    }
    int phandle = nextPhandle++;
    phandles.put(node, phandle);
    Optional<SourceProperty> given = node.liveProperty("phandle");
    if (given.isEmpty()) {
      byte[] value = ByteBuffer.allocate(4).order(ByteOrder.BIG_ENDIAN).putInt(phandle).array();
      node.add(new SourceProperty("phandle", node.position, value, List.of(), false));
    } else if (!refersTo(given.get(), node)) {
      throw new DtsException(
          mark.position(),
          "&"
              + DtsParser.quote(mark.text())
              + " is "
              + node.path()
              + ", whose phandle property is no phandle");
    }
    return phandle;
  }

  private void fillPaths(SourceNode node) {
    for (SourceProperty property : node.properties) {
      if (!property.deleted
          && property.marks.stream().anyMatch(mark -> mark.kind() == Mark.Kind.PATH)) {
        property.value = withPaths(property);
      }
    }
  }

  private byte[] withPaths(SourceProperty property) {
    ByteArrayOutputStream value = new ByteArrayOutputStream();
    int done = 0;
    for (Mark mark : property.marks) {
      if (mark.kind() == Mark.Kind.PATH) {
        byte[] path = referred(mark).path().getBytes(StandardCharsets.ISO_8859_1);
        pathBytes += path.length + 1;
        if (pathBytes > limits.valueBytes()) {
          throw new DtsException(
              mark.position(), "The paths have more than " + limits.valueBytes() + " bytes");
        }
        value.write(property.value, done, mark.offset() - done);
        value.writeBytes(path);
        value.write(0);
        done = mark.offset();
      }
    }
    value.write(property.value, done, property.value.length - done);
    return value.toByteArray();
  }

  private DeviceTree build() {
    DeviceTree tree = new DeviceTree();
    tree.reservations().addAll(source.reservations);
    Deque<Pair> rest = new ArrayDeque<>();
    rest.push(new Pair(source.root(), tree.root()));
    while (!rest.isEmpty()) {
      Pair pair = rest.pop();
      for (SourceProperty property : pair.from.properties) {
        if (!property.deleted) {
          pair.to.append(Property.ofBytes(property.name, property.value));
        }
      }
      for (SourceNode child : pair.from.children) {
        if (!child.deleted && (child.referenced || !child.omittedUnlessReferenced)) {
          rest.push(new Pair(child, pair.to.addChild(child.name)));
        }
      }
    }
    tree.setBootCpu(bootCpu(tree));
    return tree;
  }

  private record Pair(SourceNode from, Node to) {}

  /** As dtc: the first CPU's {@code reg}, if that is one cell. */
  private static int bootCpu(DeviceTree tree) {
    return tree.find("/cpus")
        .flatMap(cpus -> cpus.children().stream().findFirst())
        .flatMap(cpu -> cpu.property("reg"))
        .filter(reg -> reg.length() == 4)
        .map(reg -> reg.cell(0))
        .orElse(0);
  }
}
