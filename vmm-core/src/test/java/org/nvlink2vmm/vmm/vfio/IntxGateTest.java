package org.nvlink2vmm.vmm.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.irq.InterruptSink;

class IntxGateTest {
  private final List<String> fired = new ArrayList<>();
  private final InterruptSink sink =
      new InterruptSink() {
        @Override
        public void trigger(int index, int vector) {
          fired.add(index + "." + vector);
        }

        @Override
        public void lower() {
          fired.add("lower");
        }
      };
  private final IntxGate gate = new IntxGate();

  @Test
  void firingMasksUntilItIsUnmasked() {
    gate.connect(sink);
    gate.trigger(0, 0);
    gate.trigger(0, 0);
    assertThat(fired).containsExactly("0.0");

    gate.mask(false);
    assertThat(fired).as("the line is still up").containsExactly("0.0", "0.0");
  }

  @Test
  void aLineThatWentDownDoesNotFireOnUnmasking() {
    gate.connect(sink);
    gate.trigger(0, 0);
    gate.lower();
    gate.mask(false);

    assertThat(fired).containsExactly("0.0", "lower");
  }

  @Test
  void aMaskedLineFiresOnUnmasking() {
    gate.connect(sink);
    gate.mask(true);
    gate.trigger(0, 0);
    assertThat(fired).isEmpty();

    gate.mask(false);
    assertThat(fired).containsExactly("0.0");
  }

  @Test
  void aLineThatIsUpFiresWhenSomeoneConnects() {
    gate.trigger(0, 0);
    gate.connect(sink);

    assertThat(fired).containsExactly("0.0");
  }

  @Test
  void otherInterruptsPassWhateverTheMask() {
    gate.connect(sink);
    gate.mask(true);
    gate.trigger(1, 3);

    assertThat(fired).containsExactly("1.3");
  }
}
