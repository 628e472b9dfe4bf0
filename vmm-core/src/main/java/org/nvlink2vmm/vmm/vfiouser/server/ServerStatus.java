package org.nvlink2vmm.vmm.vfiouser.server;

/**
 * What a server is doing, each number by itself a moment old.
 *
 * @param device id of the device
 * @param socket path of the socket
 * @param attached whether a client has agreed on a version and not left
 * @param clients how many have attached so far
 * @param refusedClients how many came while another was attached and were sent away
 * @param messages received, from all clients
 * @param errors commands answered with an errno
 * @param refusedByDevice accesses to regions that the device refused: all ones, or lost
 * @param dmaMaps ranges of guest memory that are mapped now
 * @param dmaRefused transfers of the device that reached no memory, or were not allowed
 * @param dmaMessages DMA_READ and DMA_WRITE sent
 * @param interrupts eventfds signalled
 */
public record ServerStatus(
    String device,
    String socket,
    boolean attached,
    long clients,
    long refusedClients,
    long messages,
    long errors,
    long refusedByDevice,
    long dmaMaps,
    long dmaRefused,
    long dmaMessages,
    long interrupts) {}
