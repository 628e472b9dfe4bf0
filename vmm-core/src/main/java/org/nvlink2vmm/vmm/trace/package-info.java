/**
 * Counters and Java Flight Recorder events: what is not modelled, refused or traced.
 *
 * <p>{@link org.nvlink2vmm.vmm.trace.AccessCounts} says what a machine does not model. Events have
 * one class each, without stack trace, named {@code vmm.} and the thing and what happened to it;
 * but those that stand for a kernel's tracepoint have the tracepoint's name and fields. An event is
 * made only while a recording wants it.
 *
 * <p>Guests decide how often things happen: tables have a fixed size and count what did not fit.
 */
package org.nvlink2vmm.vmm.trace;
