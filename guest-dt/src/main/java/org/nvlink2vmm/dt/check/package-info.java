/**
 * Judging trees: rules that a pseries guest with NVLink GPUs relies on, and what differs between
 * two trees.
 *
 * <p>Trees come from anywhere and may be damaged; nothing here throws on any tree, recurses or
 * takes more than about linear time, and a rule reports a bounded number of findings. How deep and
 * how large a tree may be is decided by its reader. Everything is stateless: any thread, as long as
 * the trees are not changed meanwhile.
 */
package org.nvlink2vmm.dt.check;
