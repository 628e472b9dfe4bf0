package org.nvlink2vmm.vmm.vfiouser.client;

import org.nvlink2vmm.vmm.vfiouser.codec.Message;

/** A command that was sent and has no reply yet. */
interface Waiting {
  /** Its number in the protocol, which the reply must have. */
  int command();

  /** The reply, valid during the call only; descriptors that are not taken are closed after it. */
  void complete(Message reply);

  /** There will be no reply: the connection is lost. */
  void abandon();
}
