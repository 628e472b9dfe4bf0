/** Counters and Java Flight Recorder events: what is not modelled, refused or traced. */
package org.nvlink2vmm.vmm.trace;
