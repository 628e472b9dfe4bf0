package org.nvlink2vmm.it.differential;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;

/** A connection's steps, put together. Both servers start afresh for each. */
final class Script {
  private static final int NO_REPLY = 0x10;

  private final String name;
  private final String json;
  private final boolean attached;
  private final List<Step> steps = new ArrayList<>();

  private Script(String name, String json, boolean attached) {
    this.name = name;
    this.json = json;
    this.attached = attached;
  }

  /** Begins after a VERSION without JSON. */
  static Script of(String name) {
    return new Script(name, "", true);
  }

  /** Begins after a VERSION with this JSON. */
  static Script negotiated(String json, String name) {
    return new Script(name, json, true);
  }

  /** Begins with nothing. */
  static Script connected(String name) {
    return new Script(name, "", false);
  }

  String name() {
    return name;
  }

  String json() {
    return json;
  }

  boolean isAttached() {
    return attached;
  }

  List<Step> steps() {
    return steps;
  }

  private int nextId() {
    return 100 + steps.size();
  }

  Script ask(int command, byte[] payload, Fd... fds) {
    return ask(RawClient.message(nextId(), command, RawClient.COMMAND, payload), fds);
  }

  Script ask(byte[] message, Fd... fds) {
    steps.add(new Step.Ask(new Bytes(message), List.of(fds)));
    return this;
  }

  Script tell(int command, byte[] payload, Fd... fds) {
    byte[] message = RawClient.message(nextId(), command, NO_REPLY, payload);
    steps.add(new Step.Tell(new Bytes(message), List.of(fds)));
    return this;
  }

  Script split(int cut, int command, byte[] payload) {
    byte[] message = RawClient.message(nextId(), command, RawClient.COMMAND, payload);
    steps.add(new Step.Split(new Bytes(message), cut));
    return this;
  }

  /** A message with these flags and this size in its header, whatever its length. */
  Script header(int command, int flags, int size, byte[] payload) {
    byte[] message = RawClient.message(nextId(), command, flags, payload);
    ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).putInt(4, size);
    return ask(message);
  }

  Script signals() {
    steps.add(new Step.Signals());
    return this;
  }

  Script guestMemory() {
    steps.add(new Step.GuestMemory());
    return this;
  }

  Script regionFile(long offset, int length) {
    steps.add(new Step.RegionFile(offset, length));
    return this;
  }

  /** A question that any server answers, to see that it still does. */
  Script stillServes() {
    return ask(4, RawClient.words(16, 0, 0, 0));
  }
}
