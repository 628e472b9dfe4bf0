package org.nvlink2vmm.vmm.machine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/**
 * An object of a machine file: its fields, taken one by one and each only once, so that what is
 * left at the end is unknown. Every error names the file and the path of the value.
 */
final class Fields {
  private final String file;
  private final String path;
  private final JsonNode object;
  private final Set<String> known = new HashSet<>();

  private Fields(String file, String path, JsonNode object) {
    this.file = file;
    this.path = path;
    this.object = object;
  }

  /**
   * @throws ConfigError when {@code node} is no object
   */
  static Fields of(String file, String path, JsonNode node) {
    if (!node.isObject()) {
      throw new ConfigError(place(file, path), describe(node), "an object with fields");
    }
    return new Fields(file, path, node);
  }

  /** The place of a field, for errors: {@code FILE: PATH}. */
  String place(String name) {
    return place(file, pathOf(name));
  }

  /** The place of this object. */
  String place() {
    return place(file, path);
  }

  private static String place(String file, String path) {
    return path.isEmpty() ? file : file + ": " + path;
  }

  private String pathOf(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  ConfigError error(String name, String found, String expected) {
    return new ConfigError(place(name), found, expected);
  }

  private Optional<JsonNode> take(String name) {
    known.add(name);
    return Optional.ofNullable(object.get(name));
  }

  boolean has(String name) {
    return object.has(name);
  }

  /** The names of the fields, in the order of the file. */
  List<String> names() {
    return List.copyOf(object.propertyNames());
  }

  Optional<String> text(String name) {
    return take(name)
        .map(
            node -> {
              if (!node.isString()) {
                throw error(name, describe(node), "a text");
              }
              return node.stringValue();
            });
  }

  String requiredText(String name) {
    return text(name).orElseThrow(() -> error(name, "nothing", "a text"));
  }

  Optional<Boolean> flag(String name) {
    return take(name)
        .map(
            node -> {
              if (!node.isBoolean()) {
                throw error(name, describe(node), "true or false");
              }
              return node.booleanValue();
            });
  }

  /** A number, unsigned in 64 bits. */
  OptionalLong number(String name) {
    Optional<JsonNode> node = take(name);
    return node.isEmpty() ? OptionalLong.empty() : OptionalLong.of(number(name, node.get()));
  }

  private long number(String name, JsonNode node) {
    String text =
        node.isString() ? node.stringValue() : node.isIntegralNumber() ? node.asString() : "";
    OptionalLong number = Numbers.parse(text);
    return number.orElseThrow(() -> error(name, describe(node), Numbers.EXPECTED));
  }

  long requiredNumber(String name) {
    return number(name).orElseThrow(() -> error(name, "nothing", Numbers.EXPECTED));
  }

  /** A number from {@code min} to {@code max}, both inclusive. */
  int number(String name, int min, int max, int ifAbsent) {
    OptionalLong number = number(name);
    return number.isEmpty() ? ifAbsent : inRange(name, number.getAsLong(), min, max);
  }

  int requiredNumber(String name, int min, int max) {
    return inRange(name, requiredNumber(name), min, max);
  }

  private int inRange(String name, long number, int min, int max) {
    if (number < min || number > max) {
      throw error(name, Long.toUnsignedString(number), min + " to " + max);
    }
    return (int) number;
  }

  Optional<Fields> object(String name) {
    return take(name).map(node -> of(file, pathOf(name), node));
  }

  /** The objects of a list. */
  Optional<List<Fields>> objects(String name) {
    return take(name)
        .map(
            node -> {
              if (!node.isArray()) {
                throw error(name, describe(node), "a list");
              }
              List<Fields> objects = new ArrayList<>();
              for (JsonNode element : node) {
                objects.add(of(file, pathOf(name) + "[" + objects.size() + "]", element));
              }
              return List.copyOf(objects);
            });
  }

  /** Whether a field is there and is this text; a field that is something else is taken later. */
  boolean isText(String name, String text) {
    known.add(name);
    JsonNode node = object.get(name);
    return node != null && node.isString() && node.stringValue().equals(text);
  }

  /**
   * Says that all fields have been taken.
   *
   * @throws ConfigError when one was not: it is unknown
   */
  void end() {
    for (String name : object.propertyNames()) {
      if (!known.contains(name)) {
        throw error(name, "an unknown field", "one of " + String.join(", ", new TreeSet<>(known)));
      }
    }
  }

  private static String describe(JsonNode node) {
    if (node.isObject()) {
      return "an object";
    }
    if (node.isArray()) {
      return "a list";
    }
    if (node.isNull()) {
      return "nothing";
    }
    String text = node.asString();
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return node.isString() ? '"' + shown.replaceAll("\\p{Cntrl}", "?") + '"' : shown;
  }
}
