package org.nvlink2vmm.vmm.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.nvlink2vmm.dt.dts.DtsException;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.spapr.Refusal;
import org.nvlink2vmm.dt.tree.DeviceTreeException;
import org.nvlink2vmm.vmm.device.DeviceOptionException;
import org.nvlink2vmm.vmm.machine.ConfigError;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.vcpu.boot.BootException;
import org.nvlink2vmm.vmm.vfio.VfioException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code vmm} program. */
@Command(
    name = "vmm",
    description = "V100 GPUs and NVLink2 bridges of a POWER9 host, emulated for pseries guests.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    usageHelpWidth = 80,
    subcommands = {
      RunCommand.class,
      DtCommand.class,
      CheckCommand.class,
      DiffCommand.class,
      RegionsCommand.class,
      TopologyCommand.class,
      DevicesCommand.class,
      ServeCommand.class,
      LaunchCommand.class,
      StatusCommand.class,
      ProbeCommand.class
    },
    footer = {"", "Example: vmm run witherspoon-6gpu"})
public final class Main implements Callable<Integer> {
  @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

  public static void main(String[] args) {
    System.exit(run(System.out, System.err, args));
  }

  /** Runs a command; nothing else is written to the two streams' owners. */
  static int run(PrintStream out, PrintStream err, String... args) {
    Logger.getLogger("").setLevel(Level.WARNING);
    CommandLine commandLine = new CommandLine(new Main());
    commandLine.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
    commandLine.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
    commandLine.setParameterExceptionHandler(Main::badUsage);
    commandLine.setExecutionExceptionHandler(Main::failed);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    int code = commandLine.execute(args);
    commandLine.getOut().flush();
    return code;
  }

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "No command; try 'vmm --help'");
  }

  private static int badUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String line = firstLine(e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched && command.getParent() == null) {
      line = "Unknown command '" + unmatched.getUnmatched().getFirst() + "'";
    }
    String help = command.getCommandSpec().qualifiedName() + " --help";
    command
        .getErr()
        .println("vmm: " + line + (line.contains("--help") ? "" : " (see " + help + ")"));
    return ExitStatus.USAGE.code();
  }

  private static int failed(Exception e, CommandLine command, ParseResult result) {
    PrintWriter err = command.getErr();
    ExitStatus status = statusOf(e);
    String line = firstLine(e.getMessage());
    if (e instanceof VfioException vfio) {
      line = vfio.errno() + ": " + line;
    }
    if (status == ExitStatus.INTERNAL) {
      line = "internal error, please report it: " + e;
    }
    err.println("vmm: " + line);
    if (status == ExitStatus.INTERNAL && verbose(result)) {
      e.printStackTrace(err);
    }
    return status.code();
  }

  private static ExitStatus statusOf(Exception e) {
    return switch (e) {
      case ConfigError _,
          BootException _,
          Refusal _,
          DeviceTreeException _,
          DeviceOptionException _,
          DtsException _,
          FdtException _ ->
          ExitStatus.USAGE;
      case EnvironmentError _, VfioException _, NativeException _ -> ExitStatus.ENVIRONMENT;
      default -> ExitStatus.INTERNAL;
    };
  }

  private static boolean verbose(ParseResult result) {
    ParseResult command = result.hasSubcommand() ? result.subcommand() : result;
    return command.hasMatchedOption("-v");
  }

  private static String firstLine(String message) {
    return message == null ? "failed" : message.lines().findFirst().orElse("failed");
  }

  /** The version that the build wrote into the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        String.format(
            Locale.ROOT,
            "nvlink2-vmm %s (Java %s)",
            version == null ? "unpackaged" : version,
            Runtime.version())
      };
    }
  }
}
