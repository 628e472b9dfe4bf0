package org.nvlink2vmm.vmm.vcpu;

/**
 * One thread's way through its instructions, interpreted and compiled. Where it stands after every
 * slice is a sample for the profile: what is found again and again is worth compiling. That costs
 * nothing in between.
 */
final class Execution {
  /** Instructions between two looks at the clock; some tens of microseconds. */
  private static final int SLICE = 4096;

  private final CpuState state;
  private final Storage storage;
  private final Interpreter interpreter;
  private final CompiledCode compiledCode;

  /** Instructions until the next sample. */
  private int left = SLICE;

  Execution(CpuState state, Storage storage, Interpreter interpreter, CompiledCode compiledCode) {
    this.state = state;
    this.storage = storage;
    this.interpreter = interpreter;
    this.compiledCode = compiledCode;
  }

  /** Executes until a slice is done or something else wants the thread; see {@link Event}. */
  void slice() {
    switch (compiledCode.mode()) {
      case AUTO -> {
        left = interpreter.run(left, false);
        if (left <= 0) {
          left = SLICE;
          sample();
        }
      }
      case INTERPRET -> interpreter.run(SLICE, false);
      case COMPILE -> compiled();
    }
  }

  private void sample() {
    CodePage page = state.event == Event.NONE ? storage.knownPage(state.pc) : null;
    if (page != null) {
      compiledCode.sampled(page, CodePage.index(state.pc));
    }
  }

  /** Executes a block, which is compiled if it was not yet, or else an instruction. */
  private void compiled() {
    CodePage page = storage.page(state.pc);
    if (page == null) {
      return;
    }
    int index = CodePage.index(state.pc);
    if (page.isKept()) {
      compiledCode.compile(page, index);
    }
    if (page.isCompiled(index)) {
      interpreter.run(SLICE, true);
    } else {
      interpreter.step();
    }
  }
}
