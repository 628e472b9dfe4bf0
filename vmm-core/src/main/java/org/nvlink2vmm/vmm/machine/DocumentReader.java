package org.nvlink2vmm.vmm.machine;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Reads a JSON or YAML document, by the ending of its name; strictly, and within limits. */
final class DocumentReader {
  /** A machine of 31 full vPHBs takes some 100 KiB. */
  private static final int MAX_BYTES = 4 << 20;

  private static final StreamReadConstraints LIMITS =
      StreamReadConstraints.builder()
          .maxNestingDepth(64)
          .maxStringLength(64 << 10)
          .maxNumberLength(40)
          .maxDocumentLength(MAX_BYTES)
          .build();

  private DocumentReader() {}

  /**
   * @throws ConfigError when the file cannot be read or is no document of its kind
   */
  static JsonNode read(Path file) {
    String name = file.toString();
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return switch (ending) {
      case "json" -> parse(json(), name, text(file));
      case "yaml", "yml" -> parse(yaml(), name, text(file));
      default -> throw new ConfigError(name, "a name that ends in neither", ".json, .yaml or .yml");
    };
  }

  private static ObjectMapper json() {
    return JsonMapper.builder(
            JsonFactory.builder()
                .streamReadConstraints(LIMITS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build();
  }

  private static ObjectMapper yaml() {
    return YAMLMapper.builder(
            YAMLFactory.builder()
                .streamReadConstraints(LIMITS)
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build())
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .build();
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new ConfigError(file.toString(), Files.size(file) + " bytes", "at most " + MAX_BYTES);
      }
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (MalformedInputException e) {
      throw new ConfigError(file.toString(), "bytes that are not UTF-8", "text");
    } catch (IOException e) {
      throw new ConfigError(file + ": " + reason(e));
    }
  }

  /** What the system said, without the path that it repeats. */
  static String reason(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException _ -> "no such file";
      case java.nio.file.AccessDeniedException _ -> "permission denied";
      default -> String.valueOf(e.getMessage());
    };
  }

  private static JsonNode parse(ObjectMapper mapper, String name, String text) {
    JsonNode document;
    try {
      document = mapper.readTree(text);
    } catch (JacksonException e) {
      String where =
          e.getLocation() == null
              ? ""
              : ":" + e.getLocation().getLineNr() + ":" + e.getLocation().getColumnNr();
      throw new ConfigError(name + where + ": " + firstLine(e.getOriginalMessage()));
    } catch (RuntimeException e) {
      // The YAML scanner has exceptions of its own.
      throw new ConfigError(name + ": " + firstLine(String.valueOf(e.getMessage())));
    }
    if (document == null || document.isMissingNode()) {
      throw new ConfigError(name, "an empty document", "a machine");
    }
    return document;
  }

  private static String firstLine(String message) {
    return message
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .findFirst()
        .orElse("malformed");
  }
}
