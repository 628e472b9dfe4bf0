package org.nvlink2vmm.dt.dts;

import java.util.Optional;

/**
 * Evaluates the C expressions of cells with dtc's rules: unsigned 64-bit arithmetic, comparisons
 * and logic give 1 or 0, a shift by 64 or more gives 0, every operand is evaluated.
 */
final class CellExpression {
  private final DtsLexer lexer;
  private final int deepest;
  private int depth;

  CellExpression(DtsLexer lexer, DtsLimits limits) {
    this.lexer = lexer;
    this.deepest = limits.expressionDepth();
  }

  /** A number, a character, or an expression in parentheses. */
  long primary() {
    if (lexer.atNumber()) {
      return lexer.number();
    }
    if (!lexer.take("(")) {
      throw lexer.unexpected("a number or an expression in parentheses");
    }
    descend();
    long value = conditional();
    depth--;
    lexer.expect(")", "at the end of the expression");
    return value;
  }

  private long conditional() {
    long condition = binary(0);
    if (!lexer.take("?")) {
      return condition;
    }
    descend();
    long then = conditional();
    lexer.expect(":", "of the conditional expression");
    long otherwise = conditional();
    depth--;
    return condition != 0 ? then : otherwise;
  }

  /** Operands joined by operators of {@code level} or tighter ones. */
  private long binary(int level) {
    long value = unary();
    while (true) {
      Optional<Operator> operator = operator(level);
      if (operator.isEmpty()) {
        return value;
      }
      Position where = lexer.position();
      lexer.expect(operator.get().sign, "");
      long right = binary(operator.get().level + 1);
      if (right == 0 && operator.get().divides()) {
        throw new DtsException(where, "Found a division by zero");
      }
      value = operator.get().apply(value, right);
    }
  }

  private long unary() {
    if (lexer.take("-")) {
      return -operand();
    }
    if (lexer.take("~")) {
      return ~operand();
    }
    if (!lexer.at("!=") && lexer.take("!")) {
      return truth(operand() == 0);
    }
    return primary();
  }

  private long operand() {
    descend();
    long value = unary();
    depth--;
    return value;
  }

  private void descend() {
    depth++;
    if (depth > deepest) {
      throw new DtsException(
          lexer.position(), "The expression is more than " + deepest + " levels deep");
    }
  }

  private Optional<Operator> operator(int loosest) {
    for (Operator operator : Operator.values()) {
      if (lexer.at(operator.sign)) {
        return operator.level >= loosest ? Optional.of(operator) : Optional.empty();
      }
    }
    return Optional.empty();
  }

  private static long truth(boolean value) {
    return value ? 1 : 0;
  }

  /** The binary operators; signs that begin like others stand first. Level 0 binds loosest. */
  private enum Operator {
    OR("||", 0),
    AND("&&", 1),
    EQUAL("==", 5),
    NOT_EQUAL("!=", 5),
    LESS_OR_EQUAL("<=", 6),
    GREATER_OR_EQUAL(">=", 6),
    SHIFT_LEFT("<<", 7),
    SHIFT_RIGHT(">>", 7),
    BIT_OR("|", 2),
    BIT_XOR("^", 3),
    BIT_AND("&", 4),
    LESS("<", 6),
    GREATER(">", 6),
    PLUS("+", 8),
    MINUS("-", 8),
    TIMES("*", 9),
    DIVIDE("/", 9),
    REMAINDER("%", 9);

    private final String sign;
    private final int level;

    Operator(String sign, int level) {
      this.sign = sign;
      this.level = level;
    }

    boolean divides() {
      return this == DIVIDE || this == REMAINDER;
    }

    long apply(long a, long b) {
      return switch (this) {
        case OR -> truth(a != 0 || b != 0);
        case AND -> truth(a != 0 && b != 0);
        case EQUAL -> truth(a == b);
        case NOT_EQUAL -> truth(a != b);
        case LESS_OR_EQUAL -> truth(Long.compareUnsigned(a, b) <= 0);
        case GREATER_OR_EQUAL -> truth(Long.compareUnsigned(a, b) >= 0);
        case LESS -> truth(Long.compareUnsigned(a, b) < 0);
        case GREATER -> truth(Long.compareUnsigned(a, b) > 0);
        case SHIFT_LEFT -> Long.compareUnsigned(b, 64) < 0 ? a << b : 0;
        case SHIFT_RIGHT -> Long.compareUnsigned(b, 64) < 0 ? a >>> b : 0;
        case BIT_OR -> a | b;
        case BIT_XOR -> a ^ b;
        case BIT_AND -> a & b;
        case PLUS -> a + b;
        case MINUS -> a - b;
        case TIMES -> a * b;
        case DIVIDE -> Long.divideUnsigned(a, b);
        case REMAINDER -> Long.remainderUnsigned(a, b);
      };
    }
  }
}
