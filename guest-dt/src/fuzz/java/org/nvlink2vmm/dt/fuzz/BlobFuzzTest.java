package org.nvlink2vmm.dt.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Coverage-guided fuzzing of the blob reader for ten minutes:
 *
 * <pre>mvn test -Pfuzz -pl guest-dt -Dtest=BlobFuzzTest</pre>
 *
 * <p>The seeds lie in the test resources, in the folder named after this class; a finding is
 * written there and replayed by {@code FuzzCorpusTest} from then on.
 */
class BlobFuzzTest {
  @FuzzTest(maxDuration = "10m")
  void readsOrRefuses(byte[] input) {
    AnyInput.asBlob(input);
  }
}
