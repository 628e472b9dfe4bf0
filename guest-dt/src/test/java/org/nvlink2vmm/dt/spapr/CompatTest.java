package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CompatTest {

  @ParameterizedTest
  @EnumSource(Compat.class)
  void isFoundByItsText(Compat compat) {
    assertThat(Compat.of(compat.text())).contains(compat);
  }

  @ParameterizedTest
  @EnumSource(MachineType.class)
  void machineTypesAreFoundByTheirText(MachineType type) {
    assertThat(MachineType.of(type.text())).contains(type);
  }

  @ParameterizedTest
  @CsvSource({
    "corrected, pseries-7.0",
    "qemu-4.1, pseries-4.1",
    "qemu-5.2, pseries-5.2",
    "qemu-6.2, pseries-6.2",
    "qemu-7.1, pseries-7.1",
  })
  void theDefaultMachineTypeIsTheNewest(String compat, String machineType) {
    assertThat(Compat.of(compat).orElseThrow().newestMachineType().text()).isEqualTo(machineType);
  }

  @Test
  void unknownNamesAreNotFound() {
    assertThat(Compat.of("qemu-3.1")).isEmpty();
    assertThat(Compat.of("QEMU_4_1")).isEmpty();
    assertThat(MachineType.of("pseries-2.12")).isEmpty();
    assertThat(MachineType.of("")).isEmpty();
  }

  @Test
  void aMachineTypeNewerThanTheReleaseIsRefused() {
    assertThatThrownBy(
            () -> Machines.machine(Compat.QEMU_5_0, MachineType.PSERIES_5_1, Affinity.FORM1, 1))
        .isInstanceOf(Refusal.class)
        .hasMessage("machine type pseries-5.1: the newest of qemu-5.0 is pseries-5.0");
  }
}
