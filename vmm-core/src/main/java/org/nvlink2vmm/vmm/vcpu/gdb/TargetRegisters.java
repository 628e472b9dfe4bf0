package org.nvlink2vmm.vmm.vcpu.gdb;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * A thread's registers by gdb's numbers, and the description that tells gdb so. Numbers and the
 * name of the first feature are gdb's (features/rs6000/power64-core.xml); the second is our own.
 */
final class TargetRegisters {
  private static final int PC = 64;
  private static final int MSR = 65;
  private static final int CR = 66;
  private static final int LR = 67;
  private static final int CTR = 68;
  private static final int XER = 69;
  private static final int FIRST_SPECIAL = 70;

  /** A special purpose register: its name and its number in the Power ISA. */
  private record Special(String name, int spr) {}

  private static final List<Special> SPECIAL =
      List.of(
          new Special("srr0", 26),
          new Special("srr1", 27),
          new Special("dar", 19),
          new Special("dsisr", 18),
          new Special("sprg0", 272),
          new Special("sprg1", 273),
          new Special("sprg2", 274),
          new Special("sprg3", 275),
          new Special("pid", 48),
          new Special("tar", 815));

  private final ByteOrder order;

  TargetRegisters(ByteOrder order) {
    this.order = order;
  }

  /** Those of the g packet, in its order. */
  private static List<Integer> numbers() {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      numbers.add(i);
    }
    for (int i = PC; i < FIRST_SPECIAL + SPECIAL.size(); i++) {
      numbers.add(i);
    }
    return numbers;
  }

  private static int width(int number) {
    return number == CR || number == XER ? 4 : 8;
  }

  private static boolean exists(long number) {
    return (number >= 0 && number < 32)
        || (number >= PC && number < FIRST_SPECIAL + SPECIAL.size());
  }

  String all(Vcpu vcpu) {
    StringBuilder text = new StringBuilder();
    numbers().forEach(number -> text.append(Hex.of(bytes(vcpu, number))));
    return text.toString();
  }

  /**
   * Sets registers from the beginning of a g packet, as many as it has.
   *
   * @throws BadPacket for one that ends in a register, or behind the last
   */
  void setAll(Vcpu vcpu, byte[] values) throws BadPacket {
    int at = 0;
    for (int number : numbers()) {
      if (at == values.length) {
        return;
      }
      if (values.length - at < width(number)) {
        throw new BadPacket();
      }
      ByteBuffer value = ByteBuffer.wrap(values, at, width(number)).slice().order(order);
      set(vcpu, number, value);
      at += width(number);
    }
    if (at != values.length) {
      throw new BadPacket();
    }
  }

  /** A register in digits; empty for a number that has none. */
  Optional<String> one(Vcpu vcpu, long number) {
    return exists(number) ? Optional.of(Hex.of(bytes(vcpu, (int) number))) : Optional.empty();
  }

  /**
   * @throws BadPacket when there is no such register, or the value has another width
   */
  void setOne(Vcpu vcpu, long number, byte[] value) throws BadPacket {
    if (!exists(number) || value.length != width((int) number)) {
      throw new BadPacket();
    }
    set(vcpu, (int) number, ByteBuffer.wrap(value).order(order));
  }

  private byte[] bytes(Vcpu vcpu, int number) {
    ByteBuffer buffer = ByteBuffer.allocate(width(number)).order(order);
    long value =
        switch (number) {
          case PC -> vcpu.pc();
          case MSR -> vcpu.msr();
          case CR -> vcpu.cr();
          case LR -> vcpu.lr();
          case CTR -> vcpu.ctr();
          case XER -> vcpu.xer();
          default ->
              number < 32
                  ? vcpu.gpr(number)
                  : vcpu.debug().spr(SPECIAL.get(number - FIRST_SPECIAL).spr());
        };
    return (width(number) == 4 ? buffer.putInt((int) value) : buffer.putLong(value)).array();
  }

  private static void set(Vcpu vcpu, int number, ByteBuffer buffer) {
    long value = width(number) == 4 ? Integer.toUnsignedLong(buffer.getInt(0)) : buffer.getLong(0);
    switch (number) {
      case PC -> vcpu.pc(value);
      case MSR -> vcpu.debug().msr(value);
      case CR -> vcpu.cr((int) value);
      case LR -> vcpu.lr(value);
      case CTR -> vcpu.ctr(value);
      case XER -> vcpu.xer(value);
      default -> {
        if (number < 32) {
          vcpu.gpr(number, value);
        } else {
          vcpu.debug().spr(SPECIAL.get(number - FIRST_SPECIAL).spr(), value);
        }
      }
    }
  }

  /** target.xml. */
  static String description() {
    StringBuilder xml = new StringBuilder();
    xml.append("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
    xml.append("<target version=\"1.0\">\n<architecture>powerpc:common64</architecture>\n");
    xml.append("<feature name=\"org.gnu.gdb.power.core\">\n");
    for (int i = 0; i < 32; i++) {
      register(xml, "r" + i, i, "uint64", "general");
    }
    register(xml, "pc", PC, "code_ptr", "general");
    register(xml, "msr", MSR, "uint64", "general");
    register(xml, "cr", CR, "uint32", "general");
    register(xml, "lr", LR, "code_ptr", "general");
    register(xml, "ctr", CTR, "uint64", "general");
    register(xml, "xer", XER, "uint32", "general");
    xml.append("</feature>\n<feature name=\"org.nvlink2vmm.spr\">\n");
    for (int i = 0; i < SPECIAL.size(); i++) {
      register(xml, SPECIAL.get(i).name(), FIRST_SPECIAL + i, "uint64", "system");
    }
    return xml.append("</feature>\n</target>\n").toString();
  }

  private static void register(
      StringBuilder xml, String name, int number, String type, String group) {
    xml.append(
        "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\" regnum=\"%d\" group=\"%s\"/>\n"
            .formatted(name, 8 * width(number), type, number, group));
  }
}
