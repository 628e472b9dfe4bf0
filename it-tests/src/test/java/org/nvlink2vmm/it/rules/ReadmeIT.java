package org.nvlink2vmm.it.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;

/** What the README promises is what the project's own check runs. */
class ReadmeIT {
  private static String read(String file) throws IOException {
    return Files.readString(Path.of(System.getProperty("vmm.root"), file));
  }

  @Test
  void theCheckRunsTheTwoCommands() throws IOException {
    String readme = read("README.md");
    String check = read(".ci/run");
    for (String command : new String[] {"./vmm run witherspoon-6gpu", "mvn -B -ntp verify"}) {
      assertThat(readme).contains(command);
      assertThat(check).contains(command);
    }
  }

  @Test
  void servicesAreTheSameForClassPathAndModulePath() throws IOException {
    for (String module : new String[] {"device-nvlink2", "device-npu2"}) {
      String service =
          read(module
                  + "/src/main/resources/META-INF/services/org.nvlink2vmm.vmm.device.DevicePlugin")
              .strip();
      String declared = read(module + "/src/main/java/module-info.java");
      assertThat(declared).contains(service.substring(service.lastIndexOf('.') + 1));
    }
  }

  @Test
  void theCodeInItIsCompiledAndRun() throws IOException {
    String examples =
        squeezed(read("it-tests/src/test/java/org/nvlink2vmm/it/rules/ReadmeExamplesIT.java"));
    List<String> blocks = blocks("java");
    assertThat(blocks).hasSize(2).allMatch(block -> examples.contains(squeezed(block)));
  }

  @Test
  void theCallsInItWork(@TempDir Path folder) throws Exception {
    int calls = 0;
    for (String line : String.join("\n", blocks("sh")).lines().toList()) {
      // Those that serve until they are stopped, or need a kernel, have tests of their own.
      if (line.startsWith("./vmm ")
          && !line.contains("--kernel")
          && !line.contains("./vmm serve")) {
        String call = line.replace("./vmm ", System.getProperty("vmm.root") + "/vmm ");
        Process process =
            new ProcessBuilder("sh", "-c", call)
                .directory(folder.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(folder.resolve("err").toFile())
                .start();
        assertThat(process.waitFor()).as(line).isZero();
        calls++;
      }
    }
    assertThat(calls).isGreaterThan(3);
  }

  @Test
  void theMachineInItIsOne(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("readme.yaml");
    Files.writeString(file, blocks("yaml").getFirst());
    PluginCatalogue plugins = PluginCatalogue.installed();
    try (Machine machine = Machine.build(MachineFileReader.read(file, plugins), plugins)) {
      assertThat(machine.devices()).hasSize(3);
    }
  }

  private static List<String> blocks(String language) throws IOException {
    List<String> blocks = new ArrayList<>();
    Matcher matcher =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(read("README.md"));
    while (matcher.find()) {
      blocks.add(matcher.group(1));
    }
    return blocks;
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }
}
