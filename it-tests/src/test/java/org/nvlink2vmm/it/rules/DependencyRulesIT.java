package org.nvlink2vmm.it.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Who may use whom: read from the class files. */
class DependencyRulesIT {
  private static final String BASE = "org/nvlink2vmm/";
  private static final Pattern NAME =
      Pattern.compile(
          "(?:org/nvlink2vmm|io/netty|tools/jackson|picocli|org/slf4j|java/lang/foreign/Linker)[\\w/$]*");

  /** Packages of the monitor from left to right: each may use those further to the right. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("cli"),
          List.of("machine"),
          List.of("guest", "spapr", "host", "vfiouser", "vcpu"),
          List.of("device"),
          List.of("vfio"),
          List.of("pci"),
          List.of("iommu", "irq", "ats", "memory"),
          List.of("trace", "nativeio"));

  /** From this layer on the packages of a layer may use one another. */
  private static final int SHARED_LAYERS = 6;

  /** Who alone may use a library or a door to the system. */
  private static final Map<String, List<String>> ROOMS =
      Map.of(
          "picocli", List.of("vmm/cli"),
          "tools/jackson", List.of("vmm/machine", "vmm/cli", "vmm/vfiouser"),
          "io/netty", List.of("vmm/vfiouser"),
          "java/lang/foreign/Linker", List.of("vmm/nativeio"),
          "org/nvlink2vmm/dt",
              List.of(
                  "dt",
                  "vmm/device",
                  "vmm/spapr",
                  "vmm/host",
                  "vmm/guest",
                  "vmm/machine",
                  "vmm/cli",
                  "vmm/vcpu",
                  "v100",
                  "npu2"));

  /** A class and a name it mentions. */
  private record Use(String user, String used) {}

  private static List<Use> uses() throws IOException {
    List<Use> uses = new ArrayList<>();
    for (String module : List.of("guest-dt", "vmm-core", "device-nvlink2", "device-npu2")) {
      Path classes = Path.of(System.getProperty("vmm.root"), module, "target/classes");
      try (var files = Files.walk(classes)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
          if (!file.endsWith("module-info.class")) {
            addUses(ClassFile.of().parse(file), uses);
          }
        }
      }
    }
    return uses;
  }

  private static void addUses(ClassModel model, List<Use> uses) {
    String user = model.thisClass().asInternalName();
    TreeSet<String> used = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      switch (entry) {
        case ClassEntry named -> addNames(named.asInternalName(), used);
        case Utf8Entry text -> {
          if (text.stringValue().startsWith("(") || text.stringValue().startsWith("L")) {
            addNames(text.stringValue(), used);
          }
        }
        default -> {}
      }
    }
    used.forEach(name -> uses.add(new Use(user, name)));
  }

  private static void addNames(String text, Set<String> used) {
    Matcher names = NAME.matcher(text);
    while (names.find()) {
      used.add(names.group());
    }
  }

  private static String packageOf(String className) {
    String rest = className.substring(BASE.length());
    return rest.substring(0, rest.lastIndexOf('/'));
  }

  /** The part of a class name that stands for its Maven module. */
  private static String moduleOf(String className) {
    return className.substring(BASE.length(), className.indexOf('/', BASE.length()));
  }

  /** The layer of a package of the monitor; -1 for others. */
  private static int layer(String packageName) {
    String top = packageName.replaceFirst("^vmm/", "").replaceFirst("/.*", "");
    for (int i = 0; packageName.startsWith("vmm/") && i < LAYERS.size(); i++) {
      if (LAYERS.get(i).contains(top)) {
        return i;
      }
    }
    return -1;
  }

  private static String top(String packageName) {
    return packageName.replaceFirst("^(vmm/\\w+)/.*", "$1");
  }

  @Test
  void theMonitorsPackagesUseOnlyThoseBelowThem() throws IOException {
    List<String> offences = new ArrayList<>();
    for (Use use : uses()) {
      if (!use.used().startsWith(BASE) || use.used().indexOf('/', BASE.length()) < 0) {
        continue;
      }
      String from = packageOf(use.user());
      String to = packageOf(use.used());
      int fromLayer = layer(from);
      int toLayer = layer(to);
      boolean same = top(from).equals(top(to));
      boolean upwards = toLayer < fromLayer || (toLayer == fromLayer && toLayer < SHARED_LAYERS);
      if (fromLayer >= 0 && toLayer >= 0 && !same && upwards) {
        offences.add(use.user() + " -> " + use.used());
      }
    }
    assertThat(offences).isEmpty();
  }

  @Test
  void modulesUseOnlyThoseAboveThem() throws IOException {
    Map<String, String> allowed =
        Map.of("dt", "dt", "vmm", "dt|vmm", "v100", "dt|vmm|v100", "npu2", "dt|vmm|npu2");
    List<String> offences = new ArrayList<>();
    for (Use use : uses()) {
      if (use.used().startsWith(BASE) && use.used().indexOf('/', BASE.length()) > 0) {
        String from = moduleOf(use.user());
        String to = moduleOf(use.used());
        if (!to.matches(allowed.get(from))) {
          offences.add(use.user() + " -> " + use.used());
        }
      }
    }
    assertThat(offences).isEmpty();
  }

  @Test
  void everyLibraryHasItsRoom() throws IOException {
    List<String> offences = new ArrayList<>();
    for (Use use : uses()) {
      String from = use.user().substring(BASE.length());
      for (Map.Entry<String, List<String>> room : ROOMS.entrySet()) {
        boolean inside = room.getValue().stream().anyMatch(prefix -> from.startsWith(prefix + "/"));
        if (use.used().startsWith(room.getKey()) && !inside) {
          offences.add(use.user() + " -> " + use.used());
        }
      }
    }
    assertThat(offences).isEmpty();
  }

  @Test
  void treesNeedNothingButTheJdk() throws IOException {
    assertThat(uses())
        .filteredOn(use -> use.user().startsWith(BASE + "dt/"))
        .extracting(Use::used)
        .allMatch(used -> used.startsWith(BASE + "dt/"));
  }
}
