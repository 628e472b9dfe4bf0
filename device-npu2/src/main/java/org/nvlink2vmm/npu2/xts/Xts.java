package org.nvlink2vmm.npu2.xts;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.trace.TranslationEvent;
import org.nvlink2vmm.vmm.trace.TranslationRefusedEvent;

/**
 * The NPU's translation service (XTS): context tables in front of the nest MMU, and the firmware
 * calls that fill them (skiboot hw/npu2.c).
 *
 * <p>Lookups read single words and take no lock; the calls take one.
 */
public final class Xts implements NpuOpal, TranslationAgent {
  /** ATSD register sets of an NPU. */
  public static final int ATSD_REGISTERS = 8;

  /** Entries of the BDF map: contexts that an NPU has at once. */
  public static final int CONTEXTS = BdfMap.SIZE;

  private static final int LPIDS = 1 << 12;
  private static final long LPARID_HV = 1 << 12;
  private static final long NO_FLUSH_ENABLE = 1L << 14;
  private static final long ALLOWED_MSR = MSR_DR | MSR_PR | MSR_HV | MSR_SF;

  /** What XTS needs to know about the links. */
  public interface Links {
    /** Link index of the first bridge bound to the GPU; -1 for a GPU that no bridge is bound to. */
    int firstLink(int bdfn);

    /** Whether any link to the GPU carries requests. */
    boolean carries(int bdfn);
  }

  private final String name;
  private final Links links;
  private final BdfMap bdfs = new BdfMap();
  private final PidMap pids = new PidMap();
  private final int[] contexts = new int[BdfMap.SIZE];
  private final long[] atsdLparid = new long[ATSD_REGISTERS];
  private final AtomicReferenceArray<Partition> partitions = new AtomicReferenceArray<>(LPIDS);
  private final NestMmu mmu = new NestMmu();
  private final TranslationCounts counts = new TranslationCounts();
  private final Object lock = new Object();

  /** Registers of their own: XTS_CFG has IBM 1 and 6, XTS_CFG2 IBM 49 set by firmware. */
  private volatile long config = 1L << 62 | 1L << 57;

  private volatile long config2 = NO_FLUSH_ENABLE;

  /**
   * @param name of the NPU, for events
   */
  public Xts(String name, Links links) {
    this.name = name;
    this.links = links;
  }

  @Override
  public long mapLpar(int bdfn, int lpid, long lpcr) {
    if (lpcr != 0) {
      return UNSUPPORTED;
    }
    if (lpid < 0 || lpid >= LPIDS) {
      return PARAMETER;
    }
    synchronized (lock) {
      int entry = bdfs.find(bdfn);
      if (entry < 0) {
        entry = bdfs.free();
      }
      if (entry < 0) {
        return RESOURCE;
      }
      int link = links.firstLink(bdfn);
      if (link < 0) {
        return PARAMETER;
      }
      bdfs.store(entry, BdfMap.entry(entry, bdfn, lpid, link));
      if (link < ATSD_REGISTERS) {
        atsdLparid[link] = lpid == 0 ? LPARID_HV : lpid;
      }
      pids.store(entry, 0);
      contexts[entry] = 0;
      return SUCCESS;
    }
  }

  @Override
  public long initContext(int bdfn, long msr) {
    if ((msr & ~ALLOWED_MSR) != 0) {
      return UNSUPPORTED;
    }
    synchronized (lock) {
      int entry = bdfs.find(bdfn);
      if (entry < 0) {
        return PARAMETER;
      }
      int lparShort = BdfMap.lparShort(bdfs.word(entry));
      long wanted = PidMap.wildcard(lparShort, msr);
      long present = pids.word(lparShort);
      if (present != 0 && present != wanted) {
        return PARAMETER;
      }
      if (present != 0 && contexts[lparShort] == 0) {
        return INTERNAL_ERROR;
      }
      if (present == 0) {
        pids.store(lparShort, wanted);
        bdfs.validate(entry);
      }
      contexts[lparShort]++;
      return lparShort;
    }
  }

  @Override
  public long destroyContext(int bdfn) {
    synchronized (lock) {
      int entry = bdfs.find(bdfn);
      if (entry < 0) {
        return PARAMETER;
      }
      int lparShort = BdfMap.lparShort(bdfs.word(entry));
      if (contexts[lparShort] == 0) {
        return PARAMETER;
      }
      contexts[lparShort]--;
      if (contexts[lparShort] == 0) {
        pids.store(lparShort, 0);
      }
      return SUCCESS;
    }
  }

  /** Says where a partition's tables are; replaces what was known of its LPID. */
  public void registerPartition(Partition partition) {
    synchronized (lock) {
      partitions.set(partition.lpid(), partition);
    }
  }

  /** Forgets a partition. */
  public void unregisterPartition(int lpid) {
    synchronized (lock) {
      if (lpid >= 0 && lpid < LPIDS) {
        partitions.set(lpid, null);
      }
    }
  }

  @Override
  public long translate(int requester, int pid, long address, boolean write) {
    TranslationEvent missed = new TranslationEvent();
    TranslationRefusedEvent refused = new TranslationRefusedEvent();
    missed.begin();
    refused.begin();
    long answer = translate(requester, pid, address, write, true);
    counts.count(answer);
    if (answer < 0) {
      counts.fault(requester, pid, address, write, answer);
      refused.finish(name, requester, pid, address, write, TranslationAgent.fault(answer));
    } else {
      long page = TranslationAgent.page(answer);
      int shift = TranslationAgent.pageShift(answer);
      missed.finish(name, requester, pid, address, write, page, shift);
    }
    return answer;
  }

  /** What a translation would be answered now, without reference and change bits, uncounted. */
  public long peek(int requester, int pid, long address, boolean write) {
    return translate(requester, pid, address, write, false);
  }

  private long translate(int requester, int pid, long address, boolean write, boolean mark) {
    if (!links.carries(requester)) {
      return TranslationAgent.answer(Fault.LINK_DOWN);
    }
    int entry = bdfs.find(requester);
    long context = entry < 0 ? 0 : bdfs.word(entry);
    if (!BdfMap.isValid(context)) {
      return TranslationAgent.answer(Fault.NO_CONTEXT);
    }
    long process = pids.word(BdfMap.lparShort(context));
    if (!PidMap.translates(process) || !PidMap.covers(process, pid)) {
      return TranslationAgent.answer(Fault.NO_PROCESS);
    }
    return mmu.walk(
        partitions.get(BdfMap.lpid(context)),
        pid,
        address,
        write,
        PidMap.isProblemState(process),
        mark);
  }

  /** Translations answered and refused, and the last faults. */
  public TranslationCounts counts() {
    return counts;
  }

  /** Whether launches may go without a flush: XTS_CFG2 NO_FLUSH_ENA, which firmware sets. */
  public boolean takesNoFlush() {
    return (config2 & NO_FLUSH_ENABLE) != 0;
  }

  /** Bits of MMIO_ATSDn_LPARID: 12 the hypervisor's, 11:0 the LPID; 0 was never set. */
  public long atsdLparid(int register) {
    synchronized (lock) {
      return atsdLparid[register];
    }
  }

  /**
   * Whether a shootdown goes to a context: a valid BDF map entry of the LPID whose PID map entry
   * takes shootdowns.
   *
   * @param entry 0 to {@link #CONTEXTS} - 1
   * @param everyone whatever the LPID
   */
  public boolean takesShootdown(int entry, int lpid, boolean everyone) {
    long context = bdfs.word(entry);
    return BdfMap.isValid(context)
        && (everyone || BdfMap.lpid(context) == lpid)
        && PidMap.shootsDown(pids.word(BdfMap.lparShort(context)));
  }

  /** GPU of a BDF map entry. */
  public int entryBdfn(int entry) {
    return BdfMap.bdfn(bdfs.word(entry));
  }

  /** Link by which a BDF map entry's GPU is told of shootdowns; -1 for a malformed entry. */
  public int entryLink(int entry) {
    return BdfMap.link(bdfs.word(entry));
  }

  /**
   * Reads a register of the XTS block.
   *
   * @param offset within the block, a multiple of 8
   * @return the 64-bit value; empty slots read 0
   */
  public long readRegister(int offset) {
    int index = register(offset);
    if (index >= 0) {
      return atsdLparid(index);
    }
    if (offset >= 0x4000 && offset < 0x4000 + 8 * BdfMap.SIZE) {
      return bdfs.word((offset - 0x4000) / 8);
    }
    if (isPidMap(offset)) {
      return pids.word((offset - 0x8000) / 0x20);
    }
    return switch (offset) {
      case 0x20 -> config;
      case 0x28 -> config2;
      default -> 0;
    };
  }

  /** Writes a register of the XTS block, as a hypervisor's register access does. */
  public void writeRegister(int offset, long value) {
    synchronized (lock) {
      int index = register(offset);
      if (index >= 0) {
        atsdLparid[index] = value & (LPARID_HV | LPIDS - 1);
      } else if (offset >= 0x4000 && offset < 0x4000 + 8 * BdfMap.SIZE) {
        bdfs.store((offset - 0x4000) / 8, value);
      } else if (isPidMap(offset)) {
        pids.store((offset - 0x8000) / 0x20, value);
      } else if (offset == 0x20) {
        config = value;
      } else if (offset == 0x28) {
        config2 = value;
      }
    }
  }

  /** Whether the block has a register there. */
  public static boolean isRegister(int offset) {
    return register(offset) >= 0
        || (offset >= 0x4000 && offset < 0x4000 + 8 * BdfMap.SIZE)
        || isPidMap(offset)
        || offset == 0x20
        || offset == 0x28;
  }

  private static int register(int offset) {
    return offset >= 0x100 && offset < 0x100 + 8 * ATSD_REGISTERS ? (offset - 0x100) / 8 : -1;
  }

  private static boolean isPidMap(int offset) {
    return offset >= 0x8000 && offset < 0x8000 + 0x20 * PidMap.SIZE && (offset & 0x1f) == 0;
  }
}
