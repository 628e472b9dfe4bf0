/*
 * TwinDevice.java once more, on libvfio-user: what both answer to the same requests is compared.
 *
 *   cc -I LIBRARY/include reference_device.c -L LIBRARY/lib -lvfio-user
 *   ./a.out SOCKET
 *
 * Serves one client after the other until it is killed, and starts afresh for each.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libvfio-user.h"
#include "pci_caps/msi.h"
#include "pci_caps/pm.h"

enum {
  REGISTERS_SIZE = 64 << 10,
  SPARSE_SIZE = 128 << 10,
  MEMORY_SIZE = 2 << 20,
  BROKEN_SIZE = 4096,
  CONFIG_SIZE = 4096,
  STATE_SIZE = 3000,
};

/* Registers with a meaning; the others keep what is written. */
enum {
  DMA_IOVA = 0x8000,
  DMA_LENGTH = 0x8008,
  DMA_START = 0x800c,
  DMA_STATUS = 0x8010,
  FIRE = 0x8014,
  MASKED = 0x8018,
  DMA_BUFFER = 0x9000,
};

static uint8_t registers[REGISTERS_SIZE];
static uint8_t *sparse, *memory;
static uint8_t config[CONFIG_SIZE];
static uint32_t moved;

static uint32_t get32(int offset) {
  uint32_t value;
  memcpy(&value, registers + offset, sizeof value);
  return value;
}

static void put32(int offset, uint32_t value) {
  memcpy(registers + offset, &value, sizeof value);
}

/* 1 copies guest memory to the buffer, 2 the buffer to guest memory. */
static uint32_t dma(vfu_ctx_t *vfu, uint32_t start) {
  uint64_t iova;
  uint32_t length = get32(DMA_LENGTH);
  int prot = start == 1 ? PROT_READ : PROT_WRITE;
  dma_sg_t *sg = calloc(1, dma_sg_size());
  struct iovec iov;
  uint32_t status = 0;

  memcpy(&iova, registers + DMA_IOVA, sizeof iova);
  if (length > REGISTERS_SIZE - DMA_BUFFER ||
      vfu_addr_to_sgl(vfu, (vfu_dma_addr_t)iova, length, sg, 1, prot) != 1 ||
      vfu_sgl_get(vfu, sg, &iov, 1, 0) != 0) {
    status = 1;
  } else {
    if (start == 1)
      memcpy(registers + DMA_BUFFER, iov.iov_base, length);
    else
      memcpy(iov.iov_base, registers + DMA_BUFFER, length);
    vfu_sgl_put(vfu, sg, &iov, 1);
  }
  free(sg);
  return status;
}

static ssize_t bytes(uint8_t *store, char *buf, size_t count, loff_t offset, bool is_write) {
  if (is_write)
    memcpy(store + offset, buf, count);
  else
    memcpy(buf, store + offset, count);
  return count;
}

static ssize_t access_registers(vfu_ctx_t *vfu, char *buf, size_t count, loff_t offset,
                                bool is_write) {
  bytes(registers, buf, count, offset, is_write);
  if (is_write && count == 4 && offset == DMA_START)
    put32(DMA_STATUS, dma(vfu, get32(DMA_START)));
  if (is_write && count == 4 && offset == FIRE)
    vfu_irq_trigger(vfu, get32(FIRE));
  return count;
}

static ssize_t access_sparse(vfu_ctx_t *vfu, char *buf, size_t count, loff_t offset,
                             bool is_write) {
  (void)vfu;
  return bytes(sparse, buf, count, offset, is_write);
}

static ssize_t access_memory(vfu_ctx_t *vfu, char *buf, size_t count, loff_t offset,
                             bool is_write) {
  (void)vfu;
  return bytes(memory, buf, count, offset, is_write);
}

static ssize_t access_broken(vfu_ctx_t *vfu, char *buf, size_t count, loff_t offset,
                             bool is_write) {
  (void)vfu, (void)buf, (void)count, (void)offset, (void)is_write;
  errno = EIO;
  return -1;
}

static int reset(vfu_ctx_t *vfu, vfu_reset_type_t type) {
  (void)type;
  memset(registers, 0, sizeof registers);
  memset(sparse, 0, SPARSE_SIZE);
  memset(memory, 0, MEMORY_SIZE);
  memcpy(vfu_pci_get_config_space(vfu), config, sizeof config);
  moved = 0;
  return 0;
}

static void masked(vfu_ctx_t *vfu, uint32_t start, uint32_t count, bool mask) {
  (void)vfu, (void)start, (void)count;
  put32(MASKED, mask ? 1 : 2);
}

static int transition(vfu_ctx_t *vfu, vfu_migr_state_t state) {
  (void)vfu, (void)state;
  moved = 0;
  return 0;
}

static ssize_t save(vfu_ctx_t *vfu, void *buf, uint64_t count) {
  uint64_t rest = STATE_SIZE - moved;
  uint64_t now = count < rest ? count : rest;
  (void)vfu;
  memcpy(buf, registers + moved, now);
  moved += now;
  return now;
}

static ssize_t restore(vfu_ctx_t *vfu, void *buf, uint64_t count) {
  (void)vfu;
  if (count > STATE_SIZE - moved) {
    errno = EINVAL;
    return -1;
  }
  memcpy(registers + moved, buf, count);
  moved += count;
  return count;
}

static void unregistered(vfu_ctx_t *vfu, vfu_dma_info_t *info) { (void)vfu, (void)info; }

static void must(int ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "reference_device: %s: %s\n", what, strerror(errno));
    exit(1);
  }
}

static int file(const char *name, size_t size, uint8_t **at) {
  int fd = memfd_create(name, 0);
  must(fd >= 0 && ftruncate(fd, size) == 0, name);
  *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must(*at != MAP_FAILED, name);
  return fd;
}

static void regions(vfu_ctx_t *vfu) {
  int memory32 = VFU_REGION_FLAG_RW | VFU_REGION_FLAG_MEM;
  int memory64 = memory32 | VFU_REGION_FLAG_64_BITS | VFU_REGION_FLAG_PREFETCH;
  struct iovec areas[] = {{(void *)0x1000, 0x1000}, {(void *)0x8000, 0x2000}};
  int sparse_fd = file("sparse", SPARSE_SIZE, &sparse);
  int memory_fd = file("memory", MEMORY_SIZE, &memory);

  must(vfu_setup_region(vfu, VFU_PCI_DEV_BAR0_REGION_IDX, REGISTERS_SIZE, access_registers,
                        memory32, NULL, 0, -1, 0) == 0, "BAR0");
  must(vfu_setup_region(vfu, VFU_PCI_DEV_BAR1_REGION_IDX, SPARSE_SIZE, access_sparse, memory32,
                        areas, 2, sparse_fd, 0) == 0, "BAR1");
  must(vfu_setup_region(vfu, VFU_PCI_DEV_BAR2_REGION_IDX, MEMORY_SIZE, access_memory, memory64,
                        NULL, 0, memory_fd, 0) == 0, "BAR2");
  must(vfu_setup_region(vfu, VFU_PCI_DEV_BAR4_REGION_IDX, BROKEN_SIZE, access_broken, memory32,
                        NULL, 0, -1, 0) == 0, "BAR4");
}

static void capabilities(vfu_ctx_t *vfu) {
  struct pmcap pm = {.hdr.id = 1, .pc.vs = 3, .pmcs.nsfrst = 1};
  struct msicap msi = {.hdr.id = 5, .mc.mmc = 3, .mc.c64 = 1};

  must(vfu_pci_add_capability(vfu, 0x40, 0, &pm) == 0x40, "PM");
  must(vfu_pci_add_capability(vfu, 0x50, 0, &msi) == 0x50, "MSI");
}

int main(int argc, char **argv) {
  static const vfu_migration_callbacks_t migration = {
      .version = VFU_MIGR_CALLBACKS_VERS,
      .transition = transition,
      .read_data = save,
      .write_data = restore,
  };
  vfu_ctx_t *vfu;

  must(argc == 2, "a socket is wanted");
  vfu = vfu_create_ctx(VFU_TRANS_SOCK, argv[1], 0, NULL, VFU_DEV_TYPE_PCI);
  must(vfu != NULL, "vfu_create_ctx");
  must(vfu_pci_init(vfu, VFU_PCI_TYPE_EXPRESS, PCI_HEADER_TYPE_NORMAL, 0) == 0, "vfu_pci_init");
  vfu_pci_set_id(vfu, 0x10de, 0x1db1, 0x10de, 0x1249);
  vfu_pci_set_class(vfu, 3, 2, 0);
  regions(vfu);
  capabilities(vfu);
  must(vfu_setup_device_nr_irqs(vfu, VFU_DEV_INTX_IRQ, 1) == 0 &&
           vfu_setup_device_nr_irqs(vfu, VFU_DEV_MSI_IRQ, 8) == 0 &&
           vfu_setup_device_nr_irqs(vfu, VFU_DEV_MSIX_IRQ, 2048) == 0 &&
           vfu_setup_device_nr_irqs(vfu, VFU_DEV_ERR_IRQ, 1) == 0 &&
           vfu_setup_device_nr_irqs(vfu, VFU_DEV_REQ_IRQ, 1) == 0 &&
           vfu_setup_irq_state_callback(vfu, VFU_DEV_INTX_IRQ, masked) == 0,
       "interrupts");
  must(vfu_setup_device_reset_cb(vfu, reset) == 0 &&
           vfu_setup_device_dma(vfu, 65535, NULL, unregistered) == 0 &&
           vfu_setup_device_migration_callbacks(vfu, &migration) == 0 &&
           vfu_realize_ctx(vfu) == 0,
       "set-up");
  memcpy(config, vfu_pci_get_config_space(vfu), sizeof config);
  /* Both return when the client leaves, or is refused. */
  for (;;) {
    vfu_attach_ctx(vfu);
    vfu_run_ctx(vfu);
  }
}
