package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** The options that every command has, and where it prints. */
final class Common {
  @Option(names = "-v", description = "More detail.")
  private boolean verbose;

  @Option(names = "-q", description = "Nothing but errors.")
  private boolean quiet;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @CommandLine.Spec(CommandLine.Spec.Target.MIXEE)
  private CommandLine.Model.CommandSpec spec;

  /**
   * Whether help was asked for; the command line library has then shown it and calls no command.
   */
  boolean help() {
    return help;
  }

  boolean verbose() {
    return verbose;
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** A remark, to standard error; not with {@code -q}. */
  void remark(String line) {
    if (!quiet) {
      spec.commandLine().getErr().println("vmm: " + line);
    }
  }

  /** What is said with {@code -q}, too, and does not end the command; to standard error. */
  void error(String line) {
    spec.commandLine().getErr().println("vmm: " + line);
  }
}
