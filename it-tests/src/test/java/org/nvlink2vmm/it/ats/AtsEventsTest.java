package org.nvlink2vmm.it.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.ats.RadixTables.READ_WRITE;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.ats.TranslationAgent.Fault;

/** Translations and shootdowns as a flight recording sees them. */
final class AtsEventsTest {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final String[] NAMES = {
    "vmm.translation.missed", "vmm.translation.refused", "vmm.shootdown"
  };

  private final Map<String, Queue<RecordedEvent>> seen = new ConcurrentHashMap<>();

  @Test
  void missesRefusalsAndShootdownsAreRecordedWithWhatTheyWereAbout() {
    try (AtsWorld world = AtsWorld.trained(PID);
        RecordingStream stream = new RecordingStream()) {
      for (String name : NAMES) {
        seen.put(name, new ConcurrentLinkedQueue<>());
        stream.enable(name).withoutThreshold();
        stream.onEvent(name, event -> seen.get(name).add(event));
      }
      stream.setReuse(false);
      stream.startAsync();

      world.tables.map(PID, VA, 21, 0x200000, READ_WRITE);
      world.fill(1, PID, VA + 0x1234, 16, 7);
      world.fill(1, PID, VA + 0x1238, 16, 7);
      world.command(2, 0, 4, PID, VA + (1L << 30), 0, 0);
      world.shootDown(1, PID, VA, 1);
      world.shootDownProcess(2, PID + 1);

      stream.stop();
    }
    RecordedEvent missed = only("vmm.translation.missed");
    assertThat(missed.getString("npu")).isEqualTo("npu 0");
    assertThat(missed.getInt("gpu")).isEqualTo(0x0500);
    assertThat(missed.getInt("pid")).isEqualTo(PID);
    assertThat(missed.getLong("address")).isEqualTo(VA + 0x1234);
    assertThat(missed.getBoolean("write")).isTrue();
    assertThat(missed.getLong("hpa")).isEqualTo(AtsWorld.RAM_HPA + 0x200000);
    assertThat(missed.getInt("pageShift")).isEqualTo(21);

    RecordedEvent refused = only("vmm.translation.refused");
    assertThat(refused.getString("npu")).isEqualTo("npu 1");
    assertThat(refused.getString("fault")).isEqualTo(Fault.NOT_PRESENT.name());
    assertThat(refused.getLong("address")).isEqualTo(VA + (1L << 30));

    Queue<RecordedEvent> shootdowns = seen.get("vmm.shootdown");
    assertThat(shootdowns)
        .extracting(event -> event.getString("scope"))
        .containsExactly("ADDRESS", "PROCESS");
    RecordedEvent first = shootdowns.element();
    assertThat(first.getInt("register")).as("first link of GPU 1").isEqualTo(3);
    assertThat(first.getLong("address")).isEqualTo(VA);
    assertThat(first.getLong("launch")).isEqualTo(AtsWorld.launch(PID, 1));
    assertThat(first.getBoolean("done")).isTrue();
    assertThat(first.getDuration().isNegative()).isFalse();
    assertThat(first.getEndTime())
        .isBeforeOrEqualTo(shootdowns.stream().toList().getLast().getEndTime());
  }

  private RecordedEvent only(String name) {
    assertThat(seen.get(name)).as(name).hasSize(1);
    return seen.get(name).element();
  }
}
