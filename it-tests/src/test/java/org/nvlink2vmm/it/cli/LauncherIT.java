package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script at the project's root. */
class LauncherIT {
  @TempDir private Path folder;

  @Test
  void itRunsFromAnywhereThroughALinkWithSpacesInItsArguments() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("a link"), Vmm.root().resolve("vmm"));
    Path machine = folder.resolve("a machine.yaml");
    Files.writeString(machine, "host: { tree: witherspoon-4gpu }\n");
    Vmm.Result result =
        Vmm.run(
            new ProcessBuilder(link.toString(), "topology", "a machine.yaml")
                .directory(folder.toFile()));
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("gpu3 (0035:04:00.0): tgt 0xc2000000000");
  }

  @Test
  void theExitCodeOfTheProgramIsTheScripts() throws Exception {
    Vmm.Result result =
        Vmm.run(new ProcessBuilder(Vmm.root().resolve("vmm").toString(), "nonsense"));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("Unknown command 'nonsense'");
  }
}
