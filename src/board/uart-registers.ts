/** The registers of a 16550 bit by bit. PC16550D datasheet, §8. */

/** Interrupt identification, §8.7: in the order of their priority. */
export const iirNone = 0x01
export const iirLineStatus = 0x06
export const iirData = 0x04
export const iirTimeout = 0x0c
export const iirTransmit = 0x02
export const iirModem = 0x00
export const iirFifos = 0xc0

export const ier = { data: 0x01, transmit: 0x02, lineStatus: 0x04, modem: 0x08 } as const
export const lsr = { holdingEmpty: 0x20, transmitterEmpty: 0x40, errors: 0x1e, flaws: 0x1c, fifoError: 0x80 } as const
export const fcr = { enable: 0x01, clearReceiver: 0x02, clearTransmitter: 0x04, trigger: 0xc0 } as const
export const mcr = { dtr: 0x01, rts: 0x02, out1: 0x04, out2: 0x08, loop: 0x10 } as const
export const divisorLatch = 0x80
export const fifoDepth = 16
export const triggers = [1, 4, 8, 14]
/** 115,200 bit/s, until the guest says otherwise. */
export const usualDivisor = 2
/** Room in the receiver's queue below which the other end is told to wait, and from which on it may go on. */
export const fullRoom = 2048
export const releaseRoom = 3072
/** By so much two ends' rates may differ before the last bit is sampled in its neighbour. */
export const tolerance = 0.05
