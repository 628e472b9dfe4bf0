package org.nvlink2vmm.v100.engine;

import org.nvlink2vmm.v100.link.PeerLinks;
import org.nvlink2vmm.v100.mmu.AtsRequester;
import org.nvlink2vmm.v100.regs.Unit;

/** The test engine of a GPU: sixteen channels; see {@link EngineRegisters}. */
public final class Engine extends Unit {
  private final Channel[] channels = new Channel[EngineRegisters.CHANNELS];
  private final PeerLinks peers;

  public Engine(AtsRequester requester, Route route, PeerLinks peers) {
    super("TEST_ENGINE");
    this.peers = peers;
    for (int i = 0; i < channels.length; i++) {
      channels[i] = new Channel(requester, route);
    }
  }

  @Override
  protected long read(int offset, int size) {
    int at = offset - EngineRegisters.BASE;
    int register = at & (EngineRegisters.CHANNEL_SIZE - 1) & ~3;
    int word =
        register == EngineRegisters.PEER_LINKS
            ? peers.carrying()
            : channels[at / EngineRegisters.CHANNEL_SIZE].read(register);
    return (Integer.toUnsignedLong(word) >>> (8 * (at & 3))) & ((1L << (8 * size)) - 1);
  }

  /** Whole words only; narrower writes are dropped. */
  @Override
  protected void write(int offset, int size, int value) {
    if (size != 4) {
      return;
    }
    int at = offset - EngineRegisters.BASE;
    int register = at & (EngineRegisters.CHANNEL_SIZE - 1);
    if (register == EngineRegisters.PEER_LINKS) {
      peers.train(value);
    } else {
      channels[at / EngineRegisters.CHANNEL_SIZE].write(register, value);
    }
  }
}
