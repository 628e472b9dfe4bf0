package org.nvlink2vmm.it.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A QEMU that knows vfio-user-pci (10.1 and later), with guest kernels and busyboxes, as
 * it-tests/qemu/install-qemu.sh puts them into a folder.
 */
final class Qemu {
  private static final long BOOT_SECONDS = 240;

  private final Path folder;

  private Qemu(Path folder) {
    this.folder = folder;
  }

  /** From VMM_QEMU_ROOT, or from where the script installs by default; empty when not complete. */
  static Optional<Qemu> installed() {
    String root = System.getenv("VMM_QEMU_ROOT");
    Path folder =
        root != null
            ? Path.of(root)
            : Path.of(System.getProperty("user.home"), ".cache", "nvlink2-vmm", "qemu");
    return Files.exists(folder.resolve("complete-2"))
        ? Optional.of(new Qemu(folder))
        : Optional.empty();
  }

  Path busybox(String architecture) {
    return folder.resolve(architecture).resolve("busybox");
  }

  /** The kernel's modules that give a device's interrupt to a program. */
  private List<Path> modules(String architecture) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(architecture))) {
      return files.filter(file -> file.getFileName().toString().contains(".ko")).sorted().toList();
    }
  }

  /** Boots a pseries guest of POWER9 and gives what its console said. */
  String bootPseries(Path work, String init, List<Path> sockets)
      throws IOException, InterruptedException {
    return boot(
        work,
        "ppc64el",
        init,
        "console=hvc0",
        List.of(
            "qemu-system-ppc64",
            "-M",
            "pseries,memory-backend=m0",
            "-cpu",
            "power9",
            "-accel",
            "tcg,thread=multi",
            "-global",
            "spapr-pci-host-bridge.dma_win_size=0x1000000"),
        sockets);
  }

  /** Boots a PC guest and gives what its console said. */
  String bootPc(Path work, String init, List<Path> sockets)
      throws IOException, InterruptedException {
    return boot(
        work,
        "amd64",
        init,
        "console=ttyS0",
        List.of(
            "qemu-system-x86_64", "-M", "q35,memory-backend=m0", "-accel", "tcg", "-cpu", "max"),
        sockets);
  }

  private String boot(
      Path work,
      String architecture,
      String init,
      String console,
      List<String> machine,
      List<Path> sockets)
      throws IOException, InterruptedException {
    Path initramfs =
        Files.write(
            work.resolve("initramfs"),
            Initramfs.of(busybox(architecture), init, modules(architecture)));
    List<String> command = new ArrayList<>(machine);
    command.set(0, folder.resolve("bin").resolve(machine.getFirst()).toString());
    command.addAll(
        List.of(
            "-m",
            "1G",
            "-object",
            "memory-backend-memfd,id=m0,size=1G,share=on",
            "-display",
            "none",
            "-nodefaults",
            "-no-reboot",
            "-serial",
            "stdio",
            "-monitor",
            "none",
            "-kernel",
            folder.resolve(architecture).resolve("kernel").toString(),
            "-initrd",
            initramfs.toString(),
            "-append",
            console + " iomem=relaxed panic=-1 quiet"));
    for (Path socket : sockets) {
      command.add("-device");
      command.add(
          "{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"%s\"}}"
              .formatted(socket));
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    Path output = work.resolve("console");
    Thread reader =
        Thread.ofPlatform().daemon().start(() -> copy(process.getInputStream(), output));
    if (!process.waitFor(BOOT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    reader.join(TimeUnit.SECONDS.toMillis(10));
    return Files.readString(output, StandardCharsets.ISO_8859_1);
  }

  private static void copy(InputStream from, Path to) {
    try (from) {
      Files.copy(from, to);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
