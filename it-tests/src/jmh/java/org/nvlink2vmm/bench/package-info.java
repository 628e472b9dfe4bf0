/**
 * Benchmarks. Each class holds the plain code that its figures are to be divided by; absolute times
 * say little on a shared machine. {@code mvn verify -Pbench -DskipTests -Dbench=REGEX} runs them;
 * {@code BenchmarksIT} starts each once so that none rots.
 */
package org.nvlink2vmm.bench;
