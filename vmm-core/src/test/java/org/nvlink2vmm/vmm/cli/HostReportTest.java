package org.nvlink2vmm.vmm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.trace.AccessCount;
import org.nvlink2vmm.vmm.trace.Spin;
import tools.jackson.databind.node.ObjectNode;

final class HostReportTest {
  private static final AccessCount COUNT = new AccessCount("gpu bar0", 0x123454, 4, 3, 1, 0);
  private static final Spin SPIN = new Spin("gpu bar0", 0x200, 4, 0xff);

  private static String text(HostReport report, boolean verbose) {
    StringWriter text = new StringWriter();
    report.print(verbose, new PrintWriter(text, true));
    return text.toString();
  }

  @Test
  void aFindingFailsTheRun() {
    HostReport report = new HostReport(List.of("npu 0: no shootdown"), List.of(), List.of());

    assertThat(report.passed()).isFalse();
    assertThat(text(report, false)).contains("finding: npu 0: no shootdown");
  }

  @Test
  void registersWithoutModelAndSpinsAreRemarks() {
    HostReport report = new HostReport(List.of(), List.of(COUNT), List.of(SPIN));

    assertThat(report.passed()).isTrue();
    assertThat(text(report, false))
        .contains("unmodelled: gpu bar0 at 0x123454, 4 bytes wide: 3 reads, 1 writes")
        .contains("spin: gpu bar0 at 0x200, 4 bytes wide, always 0xff");
  }

  @Test
  void manyRegistersAreNamedOnlyWhereDetailIsWanted() {
    HostReport report = new HostReport(List.of(), Collections.nCopies(11, COUNT), List.of());

    assertThat(text(report, false)).contains("3 registers more");
    assertThat(text(report, true).lines()).hasSize(11);
  }

  @Test
  void theDocumentHasAllThreeLists() {
    ObjectNode document = Json.object();

    new HostReport(List.of("one"), List.of(COUNT), List.of(SPIN)).addTo(document);

    assertThat(document.at("/findings/0").asString()).isEqualTo("one");
    assertThat(document.at("/unmodelled/0/offset").asString()).isEqualTo("0x123454");
    assertThat(document.at("/unmodelled/0/reads").asLong()).isEqualTo(3);
    assertThat(document.at("/spins/0/value").asString()).isEqualTo("0xff");
  }
}
