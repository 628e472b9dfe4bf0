package org.nvlink2vmm.v100.engine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Where a GPU's access to a host-physical address goes. */
@FunctionalInterface
public interface Route {
  /** The bytes; empty when nothing carries the access, or it does not lead to memory. */
  Optional<MemorySegment> to(long hpa, long size, boolean write);
}
