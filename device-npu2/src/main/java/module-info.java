/** Device plug-in {@code npu2-bridge}: the NVLink2 bridges of IBM POWER9's NPU2. */
module org.nvlink2vmm.npu2 {
  requires org.nvlink2vmm.dt;
  requires org.nvlink2vmm.vmm;
  requires jdk.jfr;

  exports org.nvlink2vmm.npu2;

  provides org.nvlink2vmm.vmm.device.DevicePlugin with
      org.nvlink2vmm.npu2.Npu2Plugin;
}
