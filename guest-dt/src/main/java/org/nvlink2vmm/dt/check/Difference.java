package org.nvlink2vmm.dt.check;

import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/** One thing in which tree B differs from tree A. */
public sealed interface Difference {
  /** The path of the node concerned, {@code /} for the tree as a whole. */
  String path();

  /** A node of B with all that is below it, which A has not. */
  record NodeAdded(String path, Node node) implements Difference {}

  /** A node of A with all that is below it, which B has not. */
  record NodeRemoved(String path, Node node) implements Difference {}

  /** A property of B which A's node has not. */
  record PropertyAdded(String path, Property property) implements Difference {}

  /** A property of A which B's node has not. */
  record PropertyRemoved(String path, Property property) implements Difference {}

  /**
   * A property with another value.
   *
   * @param before value in A, as text; a phandle as {@code &/path} of the node it refers to
   * @param after value in B, likewise
   */
  record PropertyChanged(
      String path, Property beforeProperty, Property afterProperty, String before, String after)
      implements Difference {}

  /**
   * The children that both trees have stand in another order.
   *
   * @param before their names in the order of A
   * @param after the same names in the order of B
   */
  record OrderChanged(String path, List<String> before, List<String> after) implements Difference {
    public OrderChanged {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }
  }

  /** The memory reservation blocks differ. */
  record ReservationsChanged(List<Reservation> before, List<Reservation> after)
      implements Difference {
    public ReservationsChanged {
      before = List.copyOf(before);
      after = List.copyOf(after);
    }

    @Override
    public String path() {
      return "/";
    }
  }
}
