/**
 * The hardware of a link: PHY, data link, transaction layer with fence and credits. State is single
 * words, changed under the procedures' lock or by a reset, read by anyone.
 */
package org.nvlink2vmm.npu2.link;
