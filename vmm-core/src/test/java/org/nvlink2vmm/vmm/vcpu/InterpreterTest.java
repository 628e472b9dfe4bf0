package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.CodeAttribute;
import org.junit.jupiter.api.Test;

class InterpreterTest {
  /** HotSpot's HugeMethodLimit: a longer method is never compiled. */
  private static final int HUGE_METHOD = 8000;

  @Test
  void theLoopIsSmallEnoughForTheJustInTimeCompiler() throws IOException {
    try (InputStream bytes = Interpreter.class.getResourceAsStream("Interpreter.class")) {
      ClassModel model = ClassFile.of().parse(bytes.readAllBytes());
      int longest =
          model.methods().stream()
              .flatMap(method -> method.code().stream())
              .mapToInt(code -> ((CodeAttribute) code).codeLength())
              .max()
              .orElseThrow();
      assertThat(longest).isBetween(HUGE_METHOD / 4, HUGE_METHOD - 1);
    }
  }
}
