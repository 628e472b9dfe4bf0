package org.nvlink2vmm.it.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.host.KernelStep;
import org.nvlink2vmm.vmm.host.KvmAttachment;
import org.nvlink2vmm.vmm.host.OpalCall;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * Whatever users do, and whatever fails, a host answers as a plain model does and keeps nothing.
 */
class HostLifetimesIT {
  private static final int REGION = 9;
  private static final int PAGE = 1 << 16;
  private static final int SEQUENCES = 120;
  private static final int OPERATIONS = 60;
  private static final List<HostBdf> FUNCTIONS =
      List.of(Hosts.GPU, Hosts.OTHER_GPU, Hosts.BRIDGE, Hosts.SECOND_BRIDGE);

  /** What is known of one function that is open. */
  private static final class Model {
    final List<VfioDevice> files = new ArrayList<>();
    final Map<RegionMapping, VfioDevice> mappings = new HashMap<>();
    boolean mapped;
    boolean registered;

    static boolean isGpu(HostBdf function) {
      return function.domain() == 4;
    }
  }

  @Test
  void randomSequencesAgreeWithAPlainModel() {
    long seed = System.nanoTime();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    for (int round = 0; round < SEQUENCES; round++) {
      HostAbi abi = Hosts.ABIS.get(random.nextInt(Hosts.ABIS.size()));
      try (EmulatedHost host = Hosts.host(abi)) {
        run(host, random, "seed %d round %d %s".formatted(seed, round, abi));
      }
    }
  }

  private void run(EmulatedHost host, RandomGenerator random, String at) {
    Map<HostBdf, Model> models = new HashMap<>();
    FUNCTIONS.forEach(function -> models.put(function, new Model()));
    for (int i = 0; i < OPERATIONS; i++) {
      HostBdf function = FUNCTIONS.get(random.nextInt(FUNCTIONS.size()));
      Model model = models.get(function);
      String where = at + " operation " + i + " on " + function;
      switch (random.nextInt(8)) {
        case 0, 1 -> model.files.add(host.open(function, "device"));
        case 2 -> attachOrDetach(host, random);
        case 3 -> map(function, model, random, where);
        case 4 -> touch(model, random, where);
        case 5 -> unmap(model, random);
        case 6 -> access(function, model, random, where);
        default -> close(model, random);
      }
      assertAgrees(host, models, where);
    }
    for (Model model : models.values()) {
      while (!model.files.isEmpty()) {
        close(model, random);
      }
    }
    assertAgrees(host, models, at);
    assertThat(host.kernelMappings()).as(at).isZero();
  }

  private static void attachOrDetach(EmulatedHost host, RandomGenerator random) {
    if (random.nextBoolean()) {
      host.group(Hosts.GPU).attach(new KvmAttachment(random.nextInt(0x1000)));
    } else {
      host.group(Hosts.GPU).detach();
    }
  }

  private static VfioDevice any(Model model, RandomGenerator random) {
    return model.files.get(random.nextInt(model.files.size()));
  }

  private static void map(HostBdf function, Model model, RandomGenerator random, String where) {
    if (model.files.isEmpty()) {
      return;
    }
    VfioDevice file = any(model, random);
    long size = file.regionInfo(REGION).size();
    long offset = (long) random.nextInt(4) * PAGE;
    long length = random.nextInt(4) == 0 ? size : (long) random.nextInt(4) * PAGE;
    Errno expected = null;
    if (length == 0) {
      expected = Errno.EINVAL;
    } else if (Model.isGpu(function)) {
      expected = model.mapped ? Errno.EPERM : offset + length > size ? Errno.EINVAL : null;
      model.mapped |= expected == null;
    } else if (length != PAGE) {
      expected = Errno.EINVAL;
    }
    try {
      RegionMapping mapping = file.mmap(REGION, offset, length);
      assertThat(expected).as(where).isNull();
      model.mappings.put(mapping, file);
      model.registered |= Model.isGpu(function);
    } catch (VfioException e) {
      assertThat(e.errno()).as(where).isEqualTo(expected);
    }
  }

  private static void touch(Model model, RandomGenerator random, String where) {
    for (RegionMapping mapping : model.mappings.keySet()) {
      long offset = random.nextLong(-PAGE, mapping.length() + PAGE);
      boolean inside = offset >= 0 && offset < mapping.length();
      assertThat(mapping.touch(offset))
          .as(where)
          .isEqualTo(inside ? RegionMapping.FAULT_NOPAGE : RegionMapping.FAULT_SIGBUS);
    }
  }

  private static void unmap(Model model, RandomGenerator random) {
    if (!model.mappings.isEmpty() && random.nextBoolean()) {
      RegionMapping mapping = model.mappings.keySet().iterator().next();
      mapping.close();
      model.mappings.remove(mapping);
    }
  }

  private static void access(HostBdf function, Model model, RandomGenerator random, String where) {
    if (model.files.isEmpty()) {
      return;
    }
    VfioDevice file = any(model, random);
    long size = file.regionInfo(REGION).size();
    long offset = random.nextBoolean() ? size - random.nextInt(16) : random.nextLong(size + 16);
    int count = random.nextInt(32);
    long expected =
        count == 0 ? 0 : offset >= size ? -Errno.EINVAL.number() : Math.min(count, size - offset);
    boolean writes = Model.isGpu(function) && random.nextBoolean();
    long found =
        writes
            ? file.write(REGION, offset, VfioDeviceContract.bytes(count))
            : file.read(REGION, offset, VfioDeviceContract.bytes(count));
    assertThat(found).as(where).isEqualTo(expected);
  }

  private static void close(Model model, RandomGenerator random) {
    if (model.files.isEmpty()) {
      return;
    }
    VfioDevice file = any(model, random);
    file.close();
    model.files.remove(file);
    model.mappings.values().removeIf(file::equals);
    if (model.files.isEmpty()) {
      model.mapped = false;
      model.registered = false;
    }
  }

  private static void assertAgrees(EmulatedHost host, Map<HostBdf, Model> models, String where) {
    int open = 0;
    int mappings = 0;
    int registrations = 0;
    for (Model model : models.values()) {
      open += model.files.isEmpty() ? 0 : 1;
      mappings += model.mappings.size();
      registrations += model.registered ? 1 : 0;
    }
    assertThat(host.openFunctions()).as(where).isEqualTo(open);
    assertThat(host.userMappings()).as(where).isEqualTo(mappings);
    assertThat(host.pinnedMemory().count()).as(where).isEqualTo(registrations);
  }

  @Test
  void aDeviceThatOutlivesItsHostClosesQuietly() {
    EmulatedHost host = Hosts.host(HostAbi.LATEST);
    VfioDevice gpu = host.open(Hosts.GPU, "gpu0");
    RegionMapping mapping = gpu.mmap(REGION, 0, PAGE);

    host.close();

    assertThat(mapping.touch(0)).isEqualTo(RegionMapping.FAULT_SIGBUS);
    gpu.close();
    assertThat(host.openFunctions()).isZero();
    assertThat(host.pinnedMemory().count()).isZero();
  }

  /** Fails each occurrence of a step in turn, while a user opens, maps, touches and closes all. */
  @ParameterizedTest
  @EnumSource(KernelStep.class)
  void aStepThatFailsLeavesNothingBehind(KernelStep step) {
    for (HostAbi abi : List.of(HostAbi.V4, HostAbi.mainline(0), HostAbi.LATEST)) {
      int descriptors = OwnedFd.live();
      int mapped = Mapping.live();
      for (int failing = 0; failing < 8; failing++) {
        int[] left = {failing};
        try (EmulatedHost host =
            Hosts.host(
                tree -> {},
                builder -> builder.abi(abi).faults(each -> each == step && left[0]-- == 0))) {
          host.group(Hosts.GPU).attach(new KvmAttachment(7));
          useAll(host);
          String where = "%s of %s, occurrence %d".formatted(step, abi, failing);
          assertThat(host.openFunctions()).as(where).isZero();
          assertThat(host.userMappings()).as(where).isZero();
          assertThat(host.kernelMappings()).as(where).isZero();
          assertThat(host.pinnedMemory().count()).as(where).isZero();
          assertThat(lpids(host)).as(where).containsOnly(0L);
        }
      }
      assertThat(OwnedFd.live()).as("descriptors, %s", abi).isEqualTo(descriptors);
      assertThat(Mapping.live()).as("mappings, %s", abi).isEqualTo(mapped);
    }
  }

  private static void useAll(EmulatedHost host) {
    List<VfioDevice> files = new ArrayList<>();
    for (HostBdf function : FUNCTIONS) {
      try {
        VfioDevice file = host.open(function, "device");
        files.add(file);
        file.read(REGION, 0, VfioDeviceContract.bytes(64));
        file.mmap(REGION, 0, PAGE).touch(0);
      } catch (VfioException e) {
        assertThat(e.errno()).isIn(Errno.ENOMEM, Errno.EINVAL);
      }
    }
    files.forEach(VfioDevice::close);
  }

  /** The partition that each GPU was last given to. */
  private static Set<Long> lpids(EmulatedHost host) {
    Map<HostBdf, Long> last = new HashMap<>();
    host.opalCalls().stream()
        .filter(call -> call.name() == OpalCall.Name.MAP_LPAR)
        .forEach(call -> last.put(call.gpu(), call.argument()));
    return Set.copyOf(last.values());
  }
}
