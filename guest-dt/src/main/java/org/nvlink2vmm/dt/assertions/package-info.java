/**
 * Assertions about device trees for other people's tests, in the style of AssertJ.
 *
 * <pre>{@code
 * import static org.nvlink2vmm.dt.assertions.DeviceTreeAssertions.assertThat;
 *
 * DeviceTree tree = FdtReader.read(blob);
 * assertThat(tree).passesGuestRules();
 * assertThat(tree)
 *     .node("/pci@800000020000000/3d-controller@1")
 *     .hasU32("vendor-id", 0x10de)
 *     .hasPhandleList("ibm,npu", "/pci@800000020000000/unknown-bridge@2");
 * assertThat(tree).isSameTreeAs(Path.of("expected.dts"));
 * }</pre>
 *
 * <p>Needs {@code org.assertj:assertj-core}, which guest-dt does not bring along: nothing outside
 * this package uses it. The trees are a test's own; files that are compared with may be blobs or
 * text and are read within the limits of their readers.
 */
package org.nvlink2vmm.dt.assertions;
