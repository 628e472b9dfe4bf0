package org.nvlink2vmm.dt.check;

import java.util.List;
import java.util.stream.Collectors;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/**
 * Differences as text for people: {@code -} what only tree A has, {@code +} what only tree B has,
 * {@code ~} what both have in another form; with colours if asked.
 */
public final class DiffText {
  private static final String RED = "\u001b[31m";
  private static final String GREEN = "\u001b[32m";
  private static final String YELLOW = "\u001b[33m";
  private static final String PLAIN = "\u001b[0m";

  private final StringBuilder text = new StringBuilder();
  private final boolean colour;

  private DiffText(boolean colour) {
    this.colour = colour;
  }

  /** The differences, some lines each, every line with its line feed. */
  public static String of(List<Difference> differences) {
    return render(differences, false);
  }

  /** The same with ANSI colours: removals red, additions green, changes yellow. */
  public static String coloured(List<Difference> differences) {
    return render(differences, true);
  }

  private static String render(List<Difference> differences, boolean colour) {
    DiffText diff = new DiffText(colour);
    differences.forEach(diff::add);
    return diff.text.toString();
  }

  private void add(Difference difference) {
    switch (difference) {
      case Difference.NodeAdded(String path, Node node) -> line(GREEN, "+ " + path + below(node));
      case Difference.NodeRemoved(String path, Node node) -> line(RED, "- " + path + below(node));
      case Difference.PropertyAdded(String path, Property property) ->
          line(GREEN, "+ " + path + " " + shown(property));
      case Difference.PropertyRemoved(String path, Property property) ->
          line(RED, "- " + path + " " + shown(property));
      case Difference.PropertyChanged changed -> {
        line(YELLOW, "~ " + changed.path() + " " + Printable.of(changed.beforeProperty().name()));
        both(changed.before(), changed.after());
      }
      case Difference.OrderChanged(String path, List<String> before, List<String> after) -> {
        line(YELLOW, "~ " + path + " (order of nodes)");
        both(String.join(" ", before), String.join(" ", after));
      }
      case Difference.ReservationsChanged(List<Reservation> before, List<Reservation> after) -> {
        line(YELLOW, "~ memory reservations");
        both(reservations(before), reservations(after));
      }
    }
  }

  private void both(String before, String after) {
    line(RED, "    - " + before);
    line(GREEN, "    + " + after);
  }

  private void line(String ansi, String content) {
    if (colour) {
      text.append(ansi).append(Printable.of(content)).append(PLAIN).append('\n');
    } else {
      text.append(Printable.of(content)).append('\n');
    }
  }

  private static String shown(Property property) {
    return property.length() == 0
        ? property.name()
        : property.name() + " = " + ValueText.of(property);
  }

  private static String below(Node node) {
    int properties = node.properties().size();
    int children = node.children().size();
    return " (node: %d %s, %d %s)"
        .formatted(
            properties,
            properties == 1 ? "property" : "properties",
            children,
            children == 1 ? "child" : "children");
  }

  private static String reservations(List<Reservation> reservations) {
    return reservations.isEmpty()
        ? "(none)"
        : reservations.stream()
            .map(r -> "0x%x, 0x%x bytes".formatted(r.address(), r.size()))
            .collect(Collectors.joining("; "));
  }
}
