package org.nvlink2vmm.vmm.vcpu.pseries;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * The run-time services of a machine by name. Tokens are given in the order in which calls are
 * added, from {@link #FIRST_TOKEN}, and belong into the tree's /rtas node as they stand here.
 */
public final class RtasTable {
  /** RTAS_TOKEN_BASE of QEMU. */
  public static final int FIRST_TOKEN = 0x2000;

  private final List<Entry> entries = new ArrayList<>();

  private record Entry(String name, RtasCall call, LongAdder uses) {}

  /** Adds a call, or replaces the one of that name, which keeps its token. */
  public RtasTable add(String name, RtasCall call) {
    for (int i = 0; i < entries.size(); i++) {
      if (entries.get(i).name().equals(name)) {
        entries.set(i, new Entry(name, call, entries.get(i).uses()));
        return this;
      }
    }
    entries.add(new Entry(name, call, new LongAdder()));
    return this;
  }

  /** Token by name, in the order of the numbers. */
  public Map<String, Integer> tokens() {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    for (int i = 0; i < entries.size(); i++) {
      tokens.put(entries.get(i).name(), FIRST_TOKEN + i);
    }
    return Collections.unmodifiableMap(tokens);
  }

  /** How often each call was made; calls never made are left out. */
  public Map<String, Long> uses() {
    Map<String, Long> uses = new LinkedHashMap<>();
    for (Entry entry : entries) {
      if (entry.uses().sum() > 0) {
        uses.put(entry.name(), entry.uses().sum());
      }
    }
    return Collections.unmodifiableMap(uses);
  }

  /** Makes the call that a block names. */
  int dispatch(RtasArguments arguments) {
    int index = arguments.token() - FIRST_TOKEN;
    if (index < 0 || index >= entries.size() || !arguments.plausible()) {
      return RtasCall.PARAMETER_ERROR;
    }
    Entry entry = entries.get(index);
    entry.uses().increment();
    return entry.call().call(arguments);
  }
}
