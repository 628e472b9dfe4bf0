package org.nvlink2vmm.dt.spapr;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** The four parallel tables of dynamic reconfiguration connectors of a node (PAPR 13.5). */
final class DrcTables {
  private static final int ID_MASK = 0x0fff_ffff;

  private final int[] indexes;
  private final List<String> names = new ArrayList<>();
  private final List<String> types = new ArrayList<>();
  private int count;

  DrcTables(int capacity) {
    indexes = new int[1 + capacity];
  }

  /** A connector whose name is {@code C} and the decimal id, its type a PAPR connector type. */
  void add(int index, String type) {
    count++;
    indexes[count] = index;
    names.add("C" + (index & ID_MASK));
    types.add(type);
  }

  void write(Node node) {
    indexes[0] = count;
    int[] powerDomains = new int[1 + count];
    // Live insertion: no power domain to switch.
    Arrays.fill(powerDomains, -1);
    powerDomains[0] = count;
    node.setU32("ibm,drc-indexes", Arrays.copyOf(indexes, 1 + count));
    node.setU32("ibm,drc-power-domains", powerDomains);
    node.set(Property.ofBytes("ibm,drc-names", counted(names)));
    node.set(Property.ofBytes("ibm,drc-types", counted(types)));
  }

  /** A big-endian 32-bit count and the strings. */
  private static byte[] counted(List<String> strings) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(Property.ofU32("count", strings.size()).bytes());
    for (String string : strings) {
      bytes.writeBytes(string.getBytes(StandardCharsets.US_ASCII));
      bytes.write(0);
    }
    return bytes.toByteArray();
  }
}
