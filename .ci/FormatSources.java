import com.google.googlejavaformat.java.Formatter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Holds every Java file below a folder against google-java-format, or rewrites it ("replace").
 * Started by the build with the toolchain's JDK; exits 1 when "check" finds a file that differs.
 */
public final class FormatSources {
  public static void main(String[] args) throws Exception {
    boolean replace = args[0].equals("replace");
    Path root = Path.of(args[1]);
    if (!Files.isDirectory(root)) {
      return;
    }
    List<Path> sources;
    try (var files = Files.walk(root)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    }
    var formatter = new Formatter();
    boolean clean = true;
    for (Path file : sources) {
      String before = Files.readString(file);
      String after = formatter.formatSourceAndFixImports(before);
      if (before.equals(after)) {
        continue;
      }
      if (replace) {
        Files.writeString(file, after);
      } else {
        clean = false;
        System.err.println("Not formatted: " + file + " (mend with: mvn process-sources -Pformat)");
      }
    }
    if (!clean) {
      System.exit(1);
    }
  }
}
