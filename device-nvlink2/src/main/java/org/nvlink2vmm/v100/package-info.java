/**
 * The plug-in for NVIDIA's V100 SXM2: the GPU as a PCI function, the description and the consumer.
 * Guests drive it through configuration space, BARs and the coherent aperture, all hostile; sizes
 * are the board's. Threads: any; registers are single words.
 */
package org.nvlink2vmm.v100;
