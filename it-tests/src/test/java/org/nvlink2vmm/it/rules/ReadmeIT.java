package org.nvlink2vmm.it.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

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
}
