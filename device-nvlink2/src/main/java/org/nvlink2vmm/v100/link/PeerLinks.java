package org.nvlink2vmm.v100.link;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;

/**
 * A GPU's six links, as far as they go to other GPUs. A link carries when both ends are trained and
 * neither is isolated. The links between two GPUs are paired in order: the first of one end with
 * the first of the other.
 */
public final class PeerLinks {
  /** Links of a GV100. */
  public static final int LINKS = 6;

  private static final int MASK = (1 << LINKS) - 1;

  private final IntSupplier isolated;
  private final List<Wire> wires = new CopyOnWriteArrayList<>();
  private volatile int trained;

  private record Wire(int link, PeerLinks peer, int peerLink) {}

  /**
   * @param isolated bit n: software has cut link n off
   */
  public PeerLinks(IntSupplier isolated) {
    this.isolated = isolated;
  }

  /** Wires a link of this end to one of another; before the GPUs are used. */
  public void wire(int link, PeerLinks peer, int peerLink) {
    wires.add(new Wire(link, peer, peerLink));
    peer.wires.add(new Wire(peerLink, this, link));
  }

  /** Trains this end of the links of {@code mask}, and none else. */
  public void train(int mask) {
    trained = mask & MASK;
  }

  /** The links whose end here is trained, whatever the other does. */
  public int trained() {
    return trained;
  }

  private int ready() {
    return trained & ~isolated.getAsInt();
  }

  /** The links that carry data. */
  public int carrying() {
    int carrying = 0;
    for (int i = 0; i < wires.size(); i++) {
      Wire wire = wires.get(i);
      if ((ready() >>> wire.link() & 1) != 0
          && (wire.peer().ready() >>> wire.peerLink() & 1) != 0) {
        carrying |= 1 << wire.link();
      }
    }
    return carrying;
  }

  /** Whether any link to a GPU carries data. */
  public boolean carriesTo(PeerLinks peer) {
    int carrying = carrying();
    for (int i = 0; i < wires.size(); i++) {
      Wire wire = wires.get(i);
      if (wire.peer() == peer && (carrying >>> wire.link() & 1) != 0) {
        return true;
      }
    }
    return false;
  }

  /** What a reset does: no end is trained. */
  public void reset() {
    trained = 0;
  }
}
