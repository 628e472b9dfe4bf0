package org.nvlink2vmm.v100.engine;

/**
 * Registers of the test engine. <b>They are this project's own, not NVIDIA's</b>: a real V100 has
 * copy engines that are driven by channels in memory and firmware, which nobody outside can
 * describe. This block stands in their place so that a guest can move data by effective addresses.
 *
 * <p>Sixteen channels, one a page of 4 KiB from 0xf00000 of BAR 0, so that sixteen threads can
 * drive one GPU. 32 bits, little-endian. A write to COMMAND carries the command out before it
 * returns; STATUS then has the outcome.
 */
public final class EngineRegisters {
  /** Offset of channel 0 in BAR 0. */
  public static final int BASE = 0xf00000;

  /** Bytes of a channel. */
  public static final int CHANNEL_SIZE = 0x1000;

  public static final int CHANNELS = 16;

  /** Reads {@link #MAGIC}: the block exists. */
  public static final int ID = 0x00;

  /** "N2VE". */
  public static final int MAGIC = 0x4e325645;

  /** Number of channels. */
  public static final int CHANNEL_COUNT = 0x04;

  /** PID whose addresses are meant, 20 bits. */
  public static final int PID = 0x10;

  /** Source address, low word first. */
  public static final int SOURCE = 0x18;

  /** Target address, low word first. */
  public static final int TARGET = 0x20;

  /** Bytes, at most {@link #LONGEST}. */
  public static final int LENGTH = 0x28;

  /** The word that FILL writes; LENGTH then counts bytes, a multiple of 4. */
  public static final int PATTERN = 0x2c;

  /** Write: starts. */
  public static final int COMMAND = 0x30;

  /** Bits 31 busy, 30 done, 3:0 outcome. */
  public static final int STATUS = 0x34;

  /** Why a translation was refused: the number of a TranslationAgent.Fault, from 1. */
  public static final int FAULT = 0x38;

  /** The address that faulted, or the first byte that differs, low word first. */
  public static final int PLACE = 0x40;

  /** Of the GPU's translation cache: lookups that hit. */
  public static final int HITS = 0x48;

  /** Lookups that had to ask the NPU. */
  public static final int MISSES = 0x4c;

  /** Entries that shootdowns dropped. */
  public static final int DROPPED = 0x50;

  /**
   * GPU-to-GPU links, bits 5:0: a 1 trains this GPU's end. Reads the links that carry: trained at
   * both ends, isolated at none.
   */
  public static final int PEER_LINKS = 0x60;

  /** Copies SOURCE to TARGET. */
  public static final int COPY = 1;

  /** Fills TARGET with PATTERN. */
  public static final int FILL = 2;

  /** Compares SOURCE with TARGET. */
  public static final int COMPARE = 3;

  /** Translates SOURCE for reading, moves nothing. */
  public static final int TOUCH = 4;

  /** Translates TARGET for writing, moves nothing. */
  public static final int TOUCH_WRITE = 5;

  public static final int DONE = 1 << 30;
  public static final int BUSY = 1 << 31;
  public static final int OK = 0;
  public static final int FAULTED = 1;
  public static final int DIFFERS = 2;
  public static final int BAD_COMMAND = 3;
  public static final int UNREACHABLE = 4;

  /** Longest LENGTH, bytes: what a write to COMMAND may take. */
  public static final int LONGEST = 16 << 20;

  private EngineRegisters() {}
}
