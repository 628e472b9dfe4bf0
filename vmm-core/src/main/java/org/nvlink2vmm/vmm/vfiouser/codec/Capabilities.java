package org.nvlink2vmm.vmm.vfiouser.codec;

import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What one end of a connection says of itself in VERSION (QEMU docs/interop/vfio-user.rst,
 * "VFIO_USER_VERSION"). Keys that are not known are passed over; a key that is absent has the value
 * of {@link #DEFAULT}.
 *
 * @param maxMsgFds most descriptors that the sender takes with a message
 * @param maxDataXferSize most bytes of data in a message
 * @param maxDmaMaps most mappings of guest memory
 * @param pgsizes mask of page sizes that guest memory may be mapped in, bytes
 * @param migrationPageSize bytes, when the sender can migrate
 * @param writeMultiple whether the sender knows REGION_WRITE_MULTI
 */
public record Capabilities(
    int maxMsgFds,
    long maxDataXferSize,
    long maxDmaMaps,
    long pgsizes,
    OptionalLong migrationPageSize,
    boolean writeMultiple) {

  /** What a sender means that says nothing. */
  public static final Capabilities DEFAULT =
      new Capabilities(1, 1 << 20, 65535, 4096, OptionalLong.empty(), false);

  /** libvfio-user refuses a client that announces more. */
  private static final int MOST_FDS = 1024;

  private static final long PAGE_SIZE = 4096;
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * Reads the JSON of a VERSION message.
   *
   * @param json without its terminating zero; empty for a sender that says nothing
   * @throws ProtocolException when it is no JSON, or a value is of the wrong type or out of range
   */
  public static Capabilities parse(byte[] json) throws ProtocolException {
    if (json.length == 0) {
      return DEFAULT;
    }
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JacksonException e) {
      throw new ProtocolException("The version data are no JSON", e);
    }
    JsonNode capabilities = objectOf(root, "version data").path("capabilities");
    if (capabilities.isMissingNode()) {
      return DEFAULT;
    }
    objectOf(capabilities, "capabilities");
    return new Capabilities(
        (int) number(capabilities, "max_msg_fds", DEFAULT.maxMsgFds, 0, MOST_FDS),
        number(capabilities, "max_data_xfer_size", DEFAULT.maxDataXferSize, 0, Long.MAX_VALUE),
        number(capabilities, "max_dma_maps", DEFAULT.maxDmaMaps, 0, Long.MAX_VALUE),
        number(capabilities, "pgsizes", DEFAULT.pgsizes, Long.MIN_VALUE, Long.MAX_VALUE),
        migration(capabilities.path("migration")),
        flag(capabilities.path("write_multiple"), "write_multiple"));
  }

  /** The shortest JSON that says this: what equals the default is left out. */
  public byte[] toJson() {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode capabilities = root.putObject("capabilities");
    if (maxMsgFds != DEFAULT.maxMsgFds) {
      capabilities.put("max_msg_fds", maxMsgFds);
    }
    capabilities.put("max_data_xfer_size", maxDataXferSize);
    if (maxDmaMaps != DEFAULT.maxDmaMaps) {
      capabilities.put("max_dma_maps", maxDmaMaps);
    }
    if (pgsizes != DEFAULT.pgsizes) {
      capabilities.put("pgsizes", pgsizes);
    }
    migrationPageSize.ifPresent(size -> capabilities.putObject("migration").put("pgsize", size));
    if (writeMultiple) {
      capabilities.put("write_multiple", true);
    }
    return JSON.writeValueAsBytes(root);
  }

  private static OptionalLong migration(JsonNode migration) throws ProtocolException {
    if (migration.isMissingNode()) {
      return OptionalLong.empty();
    }
    objectOf(migration, "capabilities.migration");
    return OptionalLong.of(number(migration, "pgsize", PAGE_SIZE, PAGE_SIZE, PAGE_SIZE));
  }

  private static JsonNode objectOf(JsonNode node, String name) throws ProtocolException {
    if (!node.isObject()) {
      throw new ProtocolException(name + ": expected an object, found " + node.getNodeType());
    }
    return node;
  }

  private static boolean flag(JsonNode node, String name) throws ProtocolException {
    if (node.isMissingNode()) {
      return false;
    }
    if (!node.isBoolean()) {
      throw new ProtocolException(name + ": expected true or false, found " + node.getNodeType());
    }
    return node.booleanValue();
  }

  private static long number(JsonNode parent, String name, long absent, long least, long most)
      throws ProtocolException {
    JsonNode node = parent.path(name);
    if (node.isMissingNode()) {
      return absent;
    }
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw new ProtocolException(name + ": expected a whole number, found " + node.getNodeType());
    }
    long value = node.longValue();
    if (value < least || value > most) {
      throw new ProtocolException(
          name + ": expected a number from " + least + " to " + most + ", found " + value);
    }
    return value;
  }
}
