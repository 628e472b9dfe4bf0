package org.nvlink2vmm.vmm.vcpu.pseries;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * The run-time services of a machine by name. Each has QEMU's token (include/hw/ppc/spapr.h), since
 * host bridge nodes name some calls by token, too; a call that QEMU lacks gets the next free one.
 */
public final class RtasTable {
  /** RTAS_TOKEN_BASE of QEMU. */
  public static final int FIRST_TOKEN = 0x2000;

  /** In the order of the tokens. */
  private static final List<String> NAMES =
      List.of(
          "display-character",
          "get-time-of-day",
          "set-time-of-day",
          "power-off",
          "system-reboot",
          "query-cpu-stopped-state",
          "start-cpu",
          "stop-self",
          "ibm,get-system-parameter",
          "ibm,set-system-parameter",
          "ibm,set-xive",
          "ibm,get-xive",
          "ibm,int-off",
          "ibm,int-on",
          "check-exception",
          "event-scan",
          "ibm,set-tce-bypass",
          "quiesce",
          "nvram-fetch",
          "nvram-store",
          "read-pci-config",
          "write-pci-config",
          "ibm,read-pci-config",
          "ibm,write-pci-config",
          "ibm,query-interrupt-source-number",
          "ibm,change-msi",
          "set-indicator",
          "set-power-level",
          "get-power-level",
          "get-sensor-state",
          "ibm,configure-connector",
          "ibm,os-term",
          "ibm,set-eeh-option",
          "ibm,get-config-addr-info2",
          "ibm,read-slot-reset-state2",
          "ibm,set-slot-reset",
          "ibm,configure-pe",
          "ibm,slot-error-detail",
          "ibm,query-pe-dma-window",
          "ibm,create-pe-dma-window",
          "ibm,remove-pe-dma-window",
          "ibm,reset-pe-dma-window",
          "ibm,suspend-me",
          "ibm,nmi-register",
          "ibm,nmi-interlock");

  private final Map<Integer, Entry> entries = new TreeMap<>();
  private int nextToken = FIRST_TOKEN + NAMES.size();

  private record Entry(String name, RtasCall call, LongAdder uses) {}

  /** Adds a call, or replaces the one of that name, which keeps its token. */
  public RtasTable add(String name, RtasCall call) {
    int token = token(name);
    Entry old = entries.get(token);
    entries.put(token, new Entry(name, call, old == null ? new LongAdder() : old.uses()));
    return this;
  }

  private int token(String name) {
    int known = NAMES.indexOf(name);
    if (known >= 0) {
      return FIRST_TOKEN + known;
    }
    for (Map.Entry<Integer, Entry> entry : entries.entrySet()) {
      if (entry.getValue().name().equals(name)) {
        return entry.getKey();
      }
    }
    return nextToken++;
  }

  /** Token by name, in the order of the numbers. */
  public Map<String, Integer> tokens() {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    entries.forEach((token, entry) -> tokens.put(entry.name(), token));
    return Collections.unmodifiableMap(tokens);
  }

  /** How often each call was made; calls never made are left out. */
  public Map<String, Long> uses() {
    Map<String, Long> uses = new LinkedHashMap<>();
    for (Entry entry : entries.values()) {
      if (entry.uses().sum() > 0) {
        uses.put(entry.name(), entry.uses().sum());
      }
    }
    return Collections.unmodifiableMap(uses);
  }

  /** Makes the call that a block names. */
  int dispatch(RtasArguments arguments) {
    Entry entry = entries.get(arguments.token());
    if (entry == null || !arguments.plausible()) {
      return RtasCall.PARAMETER_ERROR;
    }
    entry.uses().increment();
    return entry.call().call(arguments);
  }
}
