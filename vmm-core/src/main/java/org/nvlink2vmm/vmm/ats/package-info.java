/**
 * Address translation services between GPUs and an NPU: who translates, who caches, who
 * invalidates. GPU and NPU modules meet only here; neither knows the other.
 */
package org.nvlink2vmm.vmm.ats;
