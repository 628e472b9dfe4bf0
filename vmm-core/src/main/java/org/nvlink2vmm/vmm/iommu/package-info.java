/** What a device sees of the guest's memory: windows of I/O virtual addresses and TCE tables. */
package org.nvlink2vmm.vmm.iommu;
