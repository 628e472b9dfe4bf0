/** Device plug-in {@code v100}: NVIDIA V100 SXM2. */
module org.nvlink2vmm.v100 {
  requires org.nvlink2vmm.dt;
  requires org.nvlink2vmm.vmm;

  exports org.nvlink2vmm.v100;

  provides org.nvlink2vmm.vmm.device.DevicePlugin with
      org.nvlink2vmm.v100.V100Plugin;
}
