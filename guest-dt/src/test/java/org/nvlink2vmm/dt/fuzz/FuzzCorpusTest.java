package org.nvlink2vmm.dt.fuzz;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Seeds and findings of the fuzz targets, replayed without the fuzzer. */
class FuzzCorpusTest {
  static List<Path> blobs() {
    return inputs("BlobFuzzTestInputs");
  }

  static List<Path> texts() {
    return inputs("TextFuzzTestInputs");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("blobs")
  void blobsAreReadOrRefused(Path input) throws IOException {
    AnyInput.asBlob(Files.readAllBytes(input));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("texts")
  void textsAreReadOrRefused(Path input) throws IOException {
    AnyInput.asText(Files.readAllBytes(input));
  }

  private static List<Path> inputs(String folder) {
    URL url = Objects.requireNonNull(FuzzCorpusTest.class.getResource(folder + "/readsOrRefuses"));
    try (Stream<Path> files = Files.list(Path.of(url.toURI()))) {
      return files.sorted().toList();
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
