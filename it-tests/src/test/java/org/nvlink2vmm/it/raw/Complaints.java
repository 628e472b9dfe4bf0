package org.nvlink2vmm.it.raw;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Whatever the process complains of while this is open: errors and exceptions that anybody logs,
 * exceptions that end a thread, words on standard error. Nothing of it is shown.
 */
final class Complaints implements AutoCloseable {
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger OURS = Logger.getLogger("org.nvlink2vmm");

  private final StringBuilder seen = new StringBuilder();
  private final Handler[] handlers = ROOT.getHandlers();
  private final Level oursBefore = OURS.getLevel();
  private final PrintStream errorsBefore = System.err;
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
  private final Thread.UncaughtExceptionHandler uncaughtBefore =
      Thread.getDefaultUncaughtExceptionHandler();
  private final Handler log = new Log();

  private final class Log extends Handler {
    @Override
    public void publish(LogRecord line) {
      if (line.getLevel().intValue() >= Level.SEVERE.intValue() || line.getThrown() != null) {
        add(line.getLoggerName() + ": " + line.getMessage() + " " + line.getThrown());
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  Complaints() {
    for (Handler handler : handlers) {
      ROOT.removeHandler(handler);
    }
    ROOT.addHandler(log);
    OURS.setLevel(Level.WARNING);
    System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, exception) -> add(thread.getName() + " ended: " + exception));
  }

  private synchronized void add(String line) {
    seen.append(line).append('\n');
  }

  /** All of it, a line each; empty when there was none. */
  synchronized String text() {
    return seen + errors.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    ROOT.removeHandler(log);
    for (Handler handler : handlers) {
      ROOT.addHandler(handler);
    }
    OURS.setLevel(oursBefore);
    System.setErr(errorsBefore);
    Thread.setDefaultUncaughtExceptionHandler(uncaughtBefore);
  }
}
