package org.nvlink2vmm.v100.engine;

import java.nio.ByteBuffer;
import org.nvlink2vmm.v100.link.PeerLinks;
import org.nvlink2vmm.v100.mmu.AtsRequester;
import org.nvlink2vmm.v100.regs.Unit;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/** The test engine of a GPU: sixteen channels; see {@link EngineRegisters}. */
public final class Engine extends Unit {
  private final Channel[] channels = new Channel[EngineRegisters.CHANNELS];
  private final PeerLinks peers;
  private volatile boolean stopped;

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

  /** While it is stopped, commands are dropped. */
  public void running(boolean run) {
    stopped = !run;
  }

  /** The channels and this GPU's ends of the links to others, as a part of its state. */
  public StateRecord state() {
    return new Kept();
  }

  /** What a reset does; the engine reads and does nothing then. */
  public void reset() {
    ByteBuffer zeros = ByteBuffer.allocate(Channel.STATE);
    for (Channel channel : channels) {
      channel.restore(zeros.rewind());
    }
    peers.reset();
  }

  private final class Kept implements StateRecord {
    @Override
    public String name() {
      return "engine";
    }

    @Override
    public int size() {
      return Integer.BYTES + channels.length * Channel.STATE;
    }

    @Override
    public void save(ByteBuffer target) {
      target.putInt(peers.trained());
      for (Channel channel : channels) {
        channel.save(target);
      }
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      if (source.getInt(0) >>> PeerLinks.LINKS != 0) {
        throw new StateException("trained links 0x%x".formatted(source.getInt(0)));
      }
      for (int i = 0; i < channels.length; i++) {
        if (!Channel.isSound(source, Integer.BYTES + i * Channel.STATE)) {
          throw new StateException("channel %d of the test engine makes no sense".formatted(i));
        }
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      peers.train(source.getInt());
      for (Channel channel : channels) {
        channel.restore(source);
      }
    }
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
    } else if (register != EngineRegisters.COMMAND || !stopped) {
      channels[at / EngineRegisters.CHANNEL_SIZE].write(register, value);
    }
  }
}
