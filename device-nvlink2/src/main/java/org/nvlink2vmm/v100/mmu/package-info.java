/**
 * The GPU's side of address translation: cache, requests, accesses in flight. Lookups take no lock.
 */
package org.nvlink2vmm.v100.mmu;
