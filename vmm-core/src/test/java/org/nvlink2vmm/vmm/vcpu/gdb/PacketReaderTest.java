package org.nvlink2vmm.vmm.vcpu.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.vcpu.gdb.PacketReader.Found;

class PacketReaderTest {
  private final PacketReader reader = new PacketReader();

  private List<Found> take(byte[] bytes) {
    List<Found> found = new ArrayList<>();
    for (byte each : bytes) {
      Found one = reader.take(each);
      if (one != Found.NOTHING) {
        found.add(one);
      }
    }
    return found;
  }

  private List<Found> take(String text) {
    return take(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  void aPacketIsWhatStandsBetweenItsMarks() {
    assertThat(take("$g#67")).containsExactly(Found.PACKET);
    assertThat(reader.body()).containsExactly('g');
  }

  @Test
  void bothCasesOfDigitsMakeAChecksum() {
    assertThat(take("$m0,4#FD")).containsExactly(Found.PACKET);
    assertThat(take("$m0,4#fd")).containsExactly(Found.PACKET);
  }

  @Test
  void aWrongChecksumOrNoneAtAllBreaksAPacket() {
    assertThat(take("$g#68")).containsExactly(Found.BROKEN);
    assertThat(take("$g#zz")).containsExactly(Found.BROKEN);
    assertThat(take("$g#6 ")).containsExactly(Found.BROKEN);
  }

  @Test
  void checksumsDoNotCountOnceBothSidesTrust() {
    reader.checkSums(false);
    assertThat(take("$g#00")).containsExactly(Found.PACKET);
  }

  @Test
  void acknowledgementsAndInterruptsStandBetweenPackets() {
    assertThat(take("+-\3$\3#03x"))
        .containsExactly(Found.ACKNOWLEDGED, Found.REFUSED, Found.INTERRUPT, Found.PACKET);
    assertThat(reader.body()).containsExactly(3);
  }

  @Test
  void aPacketThatBeginsInsideOfAnotherReplacesIt() {
    assertThat(take("$G0000$g#67")).containsExactly(Found.PACKET);
    assertThat(reader.body()).containsExactly('g');
  }

  @Test
  void aPacketLongerThanAllowedIsBrokenAndTheNextOneIsNot() {
    byte[] longest = new byte[PacketReader.MAX_BODY];
    assertThat(take(Connection.frame(longest))).containsExactly(Found.PACKET);
    byte[] longer = new byte[PacketReader.MAX_BODY + 1];
    assertThat(take(Connection.frame(longer))).containsExactly(Found.BROKEN);
    assertThat(take("$g#67")).containsExactly(Found.PACKET);
  }

  @Test
  void anEscapeBeforeTheEndMarkBreaksAPacket() {
    assertThat(take("$}#7d")).containsExactly(Found.BROKEN);
  }

  @Test
  void anyBytesComeBackThroughAFrame() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      byte[] body = new byte[random.nextInt(300)];
      random.nextBytes(body);
      if (random.nextBoolean()) {
        for (int i = 0; i < body.length; i++) {
          body[i] = "#$}*+-\3".getBytes(StandardCharsets.ISO_8859_1)[random.nextInt(7)];
        }
      }
      assertThat(take(Connection.frame(body))).as("seed %d", seed).containsExactly(Found.PACKET);
      assertThat(reader.body()).as("seed %d", seed).isEqualTo(body);
    }
  }

  @Test
  void noBytesKeepTheNextPacketFromBeingRead() {
    for (int seed = 0; seed < 500; seed++) {
      Random random = new Random(seed);
      byte[] noise = new byte[random.nextInt(2000)];
      random.nextBytes(noise);
      take(noise);
      // Ends whatever the noise began, then is one itself.
      take("#00#00");
      assertThat(take("$g#67")).as("seed %d", seed).containsExactly(Found.PACKET);
      assertThat(reader.body()).as("seed %d", seed).containsExactly('g');
    }
  }
}
