package org.nvlink2vmm.dt.dts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

class DtsWriterTest {
  @Test
  void eachValueHasTheFirstFormThatFits() {
    DeviceTree tree = new DeviceTree();
    tree.reservations().add(new Reservation(0x10, -1));
    tree.root()
        .setEmpty("empty")
        .setU32("cells", 0, 0xf, 0x10, -1)
        .setStrings("strings", "a", "b\t\"c\"\\", "")
        .set(Property.ofBytes("one-nul", (byte) 0))
        .set(Property.ofBytes("too-many-nuls", (byte) 'a', (byte) 0, (byte) 0))
        .set(Property.ofBytes("bytes", (byte) 1, (byte) 0xab))
        .set(Property.ofBytes("latin", (byte) 0xe9, (byte) 0))
        .setStrings("digit", "a", "7b", "8c");
    tree.root().addChild("n@1").addChild("m");

    assertThat(DtsWriter.text(tree))
        .isEqualTo(
            """
            /dts-v1/;

            /memreserve/\t0x0000000000000010 0xffffffffffffffff;
            / {
            \tempty;
            \tcells = <0x00 0x0f 0x10 0xffffffff>;
            \tstrings = "a\\0b\\t\\"c\\"\\\\\\0";
            \tone-nul = [00];
            \ttoo-many-nuls = [61 00 00];
            \tbytes = [01 ab];
            \tlatin = [e9 00];
            \tdigit = "a\\0007b\\08c";

            \tn@1 {

            \t\tm {
            \t\t};
            \t};
            };
            """);
  }

  @Test
  void namesThatCannotBeReadBackAreRefused() {
    for (String name : new String[] {"", "a b", "a{", "\u00fc", "a/b", "a\n"}) {
      DeviceTree node = new DeviceTree();
      node.root().addChild("ok").addChild(name);
      DeviceTree property = new DeviceTree();
      property.root().addChild("ok").setEmpty(name);

      assertThatExceptionOfType(DtsException.class)
          .isThrownBy(() -> DtsWriter.text(node))
          .withMessageStartingWith("Node name '" + name.replace('\n', '?') + "' at /ok/");
      assertThatExceptionOfType(DtsException.class)
          .isThrownBy(() -> DtsWriter.text(property))
          .withMessageStartingWith("Property name '" + name.replace('\n', '?') + "' at /ok ");
    }
  }
}
