package org.nvlink2vmm.vmm.irq;

/** The inputs of a guest's interrupt controller. Any thread; never blocks. */
public interface InterruptController {
  /** A machine whose processors take no interrupts. */
  InterruptController NONE =
      new InterruptController() {
        @Override
        public void changed(InterruptLine line) {}

        @Override
        public void pulse(int number) {}
      };

  /**
   * The level of a line may have changed. It is read from the line here, so that two changes that
   * meet cannot leave an old level behind. Once the guest has dealt with the interrupt the
   * controller calls {@link InterruptLine#ended}.
   */
  void changed(InterruptLine line);

  /** A message: one interrupt. Numbers that do not exist are ignored. */
  void pulse(int number);
}
