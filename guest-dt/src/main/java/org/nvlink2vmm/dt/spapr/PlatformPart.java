package org.nvlink2vmm.dt.spapr;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A part of the machine beside memory and PCI. */
public sealed interface PlatformPart {

  /**
   * What tells this machine from others.
   *
   * @param uuid {@code vm,uuid}
   * @param partitionName {@code ibm,partition-name}, empty for none
   */
  record Identity(String uuid, String partitionName) implements PlatformPart {}

  /**
   * The XICS interrupt controller.
   *
   * @param servers number of interrupt servers, one per hardware thread
   */
  record InterruptController(int servers) implements PlatformPart {}

  /**
   * The virtual I/O bus.
   *
   * @param devices what is on it, ascending unit address
   */
  record Vdevice(List<VioDevice> devices) implements PlatformPart {
    public Vdevice {
      devices = List.copyOf(devices);
    }
  }

  /**
   * The processors.
   *
   * @param cpus one a core, ascending id; drivers read cache sizes from the first
   */
  record Cpus(List<CpuDescription> cpus) implements PlatformPart {
    public Cpus {
      cpus = List.copyOf(cpus);
      if (cpus.isEmpty()) {
        throw new IllegalArgumentException("no processor");
      }
    }
  }

  /**
   * Interrupts that announce events.
   *
   * @param powerInterrupt of power events ({@code epow-events})
   * @param hotPlugInterrupt of hot-plug events
   */
  record EventSources(int powerInterrupt, int hotPlugInterrupt) implements PlatformPart {}

  /**
   * Run-time services.
   *
   * @param tokens token by call, in the order of the numbers
   * @param size bytes of RTAS memory
   * @param base gpa at which RTAS was placed for a kernel that is entered without firmware; 0 when
   *     firmware does it
   * @param hypercallSets {@code ibm,hypertas-functions}
   */
  record Rtas(Map<String, Integer> tokens, int size, long base, List<String> hypercallSets)
      implements PlatformPart {
    public Rtas {
      tokens = Collections.unmodifiableMap(new LinkedHashMap<>(tokens));
      hypercallSets = List.copyOf(hypercallSets);
    }
  }

  /**
   * What the kernel is started with.
   *
   * @param bootargs its command line, empty for none
   * @param initrdStart gpa of the initial RAM disk
   * @param initrdEnd gpa after it; equal to {@code initrdStart} when there is none
   * @param stdoutPath path of the console's node, empty for none
   * @param radix whether the tree says that the guest has negotiated the radix MMU; needed where no
   *     client-architecture-support call is made
   */
  record Chosen(String bootargs, long initrdStart, long initrdEnd, String stdoutPath, boolean radix)
      implements PlatformPart {}
}
