/** The 82540EM's registers and their bits. PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, Intel 317453, §13 (82540EM column). */

/** Offsets in the register space (table 13-2). */
export const register = {
  ctrl: 0x0000,
  status: 0x0008,
  eecd: 0x0010,
  eerd: 0x0014,
  mdic: 0x0020,
  icr: 0x00c0,
  itr: 0x00c4,
  ics: 0x00c8,
  ims: 0x00d0,
  imc: 0x00d8,
  rctl: 0x0100,
  tctl: 0x0400,
  rdbal: 0x2800,
  rdbah: 0x2804,
  rdlen: 0x2808,
  rdh: 0x2810,
  rdt: 0x2818,
  tdbal: 0x3800,
  tdbah: 0x3804,
  tdlen: 0x3808,
  tdh: 0x3810,
  tdt: 0x3818,
  statistics: 0x4000,
  missed: 0x4010,
  goodReceived: 0x4074,
  broadcastReceived: 0x4078,
  multicastReceived: 0x407c,
  goodSent: 0x4080,
  octetsReceived: 0x4088,
  octetsSent: 0x4090,
  totalOctetsReceived: 0x40c0,
  totalOctetsSent: 0x40c8,
  totalReceived: 0x40d0,
  totalSent: 0x40d4,
  statisticsEnd: 0x4100,
  mta: 0x5200,
  ral: 0x5400,
  vfta: 0x5600,
  end: 0x6000,
} as const

/** §13.4.1. */
export const ctrl = { reset: 1 << 26, vlanMode: 1 << 30, phyReset: 0x8000_0000 } as const
/** §13.4.2: full duplex, link, 1000 Mbit/s. */
export const statusBits = { fullDuplex: 1, linkUp: 2, speed1000: 2 << 6 } as const
/** §13.4.17. */
export const cause = { sent: 1, sendQueueEmpty: 2, link: 4, receiveLow: 1 << 4, receiveOverrun: 1 << 6, received: 1 << 7, phyAccess: 1 << 9 } as const
/** §13.4.22. */
export const rctl = { enable: 1 << 1, unicastPromiscuous: 1 << 3, multicastPromiscuous: 1 << 4, longPackets: 1 << 5, broadcast: 1 << 15, vlanFilter: 1 << 18, extended: 1 << 25, stripCrc: 1 << 26 } as const
/** §13.4.33. */
export const tctl = { enable: 1 << 1, padShort: 1 << 3 } as const

/** The EtherType that the card knows as a VLAN tag, and puts in (VET is left at its default). */
export const vlanType = 0x8100
/** Frames are this long at least, without the check sequence (IEEE 802.3 §3.2.8). */
export const frameMin = 60
export const crcBytes = 4
