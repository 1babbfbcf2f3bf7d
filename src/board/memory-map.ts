/**
 * What answers where on the board, as QEMU's `virt` machine lays it out. One row is one device: its addresses, its interrupt, the model
 * and its device-tree node; to add a device is to add a row.
 */
import { assert } from '../base/errors.ts'
import type { Clock, Scheduler } from '../base/time.ts'
import type { GuestMemory, IrqLine } from './bus.ts'
import type { ClintLines } from './clint.ts'
import { Clint } from './clint.ts'
import type { TreeNode } from './device-tree.ts'
import { cells64 } from './device-tree.ts'
import type { Finish } from './finisher.ts'
import { Finisher, finishers } from './finisher.ts'
import type { Model } from './model.ts'
import { ecamBytes, pciPins, type PciHostBridge } from './pci/host-bridge.ts'
import type { Plic } from './plic.ts'
import { plicSources } from './plic.ts'
import type { Rom } from './rom.ts'
import { GoldfishRtc } from './rtc.ts'
import type { SerialConfig } from './serial-line.ts'
import { Uart, uartClockHz } from './uart.ts'
import type { VirtioDevice } from './virtio/device.ts'
import { VirtioMmio } from './virtio/transport-mmio.ts'

export const ramBase = 0x8000_0000
/** Frequency of mtime and of the `time` CSR. */
export const timebaseHz = 10_000_000
export const romAddress = 0x1000
export const romSpan = 0xf000

/** Handles by which nodes refer to each other. */
export const phandles = { finisher: 1, plic: 2, cpu: (hart: number) => 0x10 + 2 * hart, interruptController: (hart: number) => 0x11 + 2 * hart } as const

/** What models are made of. */
export interface Board {
  readonly harts: number
  readonly scheduler: Scheduler
  /** Exact during a bus access. */
  readonly clock: Clock
  readonly memory: GuestMemory
  readonly plic: Plic
  readonly rom: Rom
  readonly clintLines: readonly ClintLines[]
  /** What sits in virtio slot 0, 1, …; slots beyond it are empty. */
  readonly slots: readonly VirtioDevice[]
  /** There when the map has its rows. */
  readonly pci?: PciHostBridge | undefined
  /** The serial ports; the first is the console. */
  readonly serials: readonly SerialConfig[]
  /** Seconds since 1970 at virtual time zero. */
  readonly epochSeconds: number
  readonly finish: (finish: Finish) => void
  /** A guest's driver did something odd; told once a device. */
  readonly report: (sentence: string) => void
}

export interface Row {
  readonly name: string
  readonly address: number
  readonly span: number
  /** PLIC source, for a device that interrupts. */
  readonly irq?: number
  make(board: Board, irq: IrqLine): Model
  /** Nodes below `/soc`. */
  soc?(row: Row, harts: number): TreeNode
  /** Nodes below the root. */
  root?(): readonly TreeNode[]
}

/** Serial ports that a machine may have. */
export const serialsMax = 4

/** Slots that are always there, as on QEMU; more follow when more devices are asked for. */
const standardSlots = 8
const slotsMax = 24
export const virtioSlotsMax = slotsMax

const hexOf = (value: number): string => value.toString(16)
/** What the serial port's model is called. */
export const serialName = (port: number): string => (port === 0 ? 'uart' : `serial${port}`)
const pathOf = ({ address }: Row): string => `/soc/serial@${hexOf(address)}`
const reg = ({ address, span }: Row): number[] => cells64(address, span)
const interrupts = ({ irq }: Row): { interrupts: number; 'interrupt-parent': number } => ({ interrupts: irq ?? 0, 'interrupt-parent': phandles.plic })
const perHart = (harts: number, ...lines: readonly number[]): number[] =>
  Array.from({ length: harts }, (_, hart) => lines.flatMap((line) => [phandles.interruptController(hart), line])).flat()

const romRow: Row = {
  name: 'rom',
  address: romAddress,
  span: romSpan,
  make: (board) => board.rom,
}

const finisherRow: Row = {
  name: 'finisher',
  address: 0x10_0000,
  span: 0x1000,
  make: (board) => new Finisher(board.finish),
  soc: (row) => ({
    name: `test@${hexOf(row.address)}`,
    properties: { phandle: phandles.finisher, reg: reg(row), compatible: ['sifive,test1', 'sifive,test0', 'syscon'] },
  }),
  root: () => [syscon('poweroff', finishers.pass), syscon('reboot', finishers.reset)],
}

const rtcRow: Row = {
  name: 'rtc',
  address: 0x10_1000,
  span: 0x1000,
  irq: 11,
  make: (board, irq) => new GoldfishRtc(board.scheduler, irq, board.epochSeconds),
  soc: (row) => ({ name: `rtc@${hexOf(row.address)}`, properties: { ...interrupts(row), reg: reg(row), compatible: 'google,goldfish-rtc' } }),
}

const clintRow: Row = {
  name: 'clint',
  address: 0x200_0000,
  span: 0x1_0000,
  make: (board) => new Clint(board.clock, board.scheduler, board.clintLines, timebaseHz),
  soc: (row, harts) => ({
    name: `clint@${hexOf(row.address)}`,
    properties: { 'interrupts-extended': perHart(harts, 3, 7), reg: reg(row), compatible: ['sifive,clint0', 'riscv,clint0'] },
  }),
}

const plicRow: Row = {
  name: 'plic',
  address: 0xc00_0000,
  span: 0x60_0000,
  make: (board) => board.plic,
  soc: (row, harts) => ({
    name: `plic@${hexOf(row.address)}`,
    properties: {
      phandle: phandles.plic,
      'riscv,ndev': plicSources - 1,
      reg: reg(row),
      'interrupts-extended': perHart(harts, 11, 9),
      'interrupt-controller': true,
      compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
      '#address-cells': 0,
      '#interrupt-cells': 1,
    },
  }),
}

/** The console is where QEMU has it; other ports stand past the virtio slots and interrupt by 36 and up. */
function uartRow(port: number): Row {
  return {
    name: serialName(port),
    address: port === 0 ? 0x1000_0000 : 0x1002_0000 + 0x1000 * (port - 1),
    span: 0x100,
    irq: port === 0 ? 10 : 35 + port,
    make: (board, irq) => new Uart(board.scheduler, irq, serialName(port), board.serials[port]),
    soc: (row) => ({
      name: `serial@${hexOf(row.address)}`,
      properties: { ...interrupts(row), reg: reg(row), 'clock-frequency': uartClockHz, compatible: 'ns16550a' },
    }),
  }
}

/** QEMU's eight slots interrupt by 1…8; ours beyond them by 12 and up, past the UART and the clock. */
function virtioRow(slot: number): Row {
  return {
    name: `virtio${slot}`,
    address: 0x1000_1000 + 0x1000 * slot,
    span: 0x1000,
    irq: slot < standardSlots ? slot + 1 : slot + 4,
    make: (board, irq) => new VirtioMmio(`virtio${slot}`, board.slots[slot], board.memory, irq, board.report),
    soc: (row) => ({ name: `virtio_mmio@${hexOf(row.address)}`, properties: { ...interrupts(row), reg: reg(row), compatible: 'virtio,mmio' } }),
  }
}

/** QEMU's windows, and its lines: pin A of slot 0 is the first of four. */
export const pciLine = 32
const pciWindows = { ports: { address: 0x300_0000, span: 0x1_0000 }, memory: { address: 0x4000_0000, span: 0x4000_0000 } } as const
/** Of a `ranges` entry: which address space (IEEE 1275 PCI binding §2.2.1.1). */
const pciSpace = { io: 0x0100_0000, memory: 0x0200_0000 } as const

const bridgeOf = (board: Board): PciHostBridge => {
  assert(board.pci !== undefined, 'a map with PCI on a board without')
  return board.pci
}

const pciRows: readonly Row[] = [
  {
    name: 'pci-io',
    ...pciWindows.ports,
    make: (board) => bridgeOf(board).window('pci-io', 'io', 0, pciWindows.ports.span),
  },
  {
    name: 'pci',
    address: 0x3000_0000,
    span: ecamBytes,
    make: bridgeOf,
    soc: (row) => ({
      name: `pci@${hexOf(row.address)}`,
      properties: {
        'interrupt-map-mask': [0x1800, 0, 0, 7],
        'interrupt-map': pciInterrupts(),
        ranges: [
          pciSpace.io,
          ...cells64(0, pciWindows.ports.address, pciWindows.ports.span),
          pciSpace.memory,
          ...cells64(pciWindows.memory.address, pciWindows.memory.address, pciWindows.memory.span),
        ],
        reg: reg(row),
        'dma-coherent': true,
        'bus-range': [0, 0xff],
        'linux,pci-domain': 0,
        device_type: 'pci',
        compatible: 'pci-host-ecam-generic',
        '#address-cells': 3,
        '#size-cells': 2,
        '#interrupt-cells': 1,
      },
    }),
  },
  {
    name: 'pci-memory',
    ...pciWindows.memory,
    make: (board) => bridgeOf(board).window('pci-memory', 'memory', pciWindows.memory.address, pciWindows.memory.span),
  },
]

/** Slot and pin → PLIC source, for slots 0 to 3; the mask makes that all of them. */
function pciInterrupts(): number[] {
  const pins = Array.from({ length: pciPins }, (_, pin) => pin)
  return pins.flatMap((slot) => pins.flatMap((pin) => [slot << 11, 0, 0, pin + 1, phandles.plic, pciLine + ((slot + pin) % pciPins)]))
}

function syscon(name: string, value: number): TreeNode {
  return { name, properties: { value, offset: 0, regmap: phandles.finisher, compatible: `syscon-${name}` } }
}

/** The whole map, for a board with `devices` virtio devices in slots (at most `virtioSlotsMax`), with PCI where something needs it, and `serials` serial ports. */
export function memoryMap(devices: number, pci = false, serials = 1): readonly Row[] {
  const slots = Array.from({ length: Math.max(standardSlots, devices) }, (_, slot) => virtioRow(slot))
  return [romRow, finisherRow, rtcRow, clintRow, plicRow, uartRow(0), ...slots, ...(pci ? pciRows : []), ...Array.from({ length: serials - 1 }, (_, port) => uartRow(port + 1))]
}

/** Where the console is, for `stdout-path`. */
export const consolePath = pathOf(uartRow(0))

/** `serial0`, `serial1` …: by these Linux numbers its ttyS. */
export const serialAliases = (rows: readonly Row[]): Record<string, string> =>
  Object.fromEntries(rows.filter(({ name }) => /^uart$|^serial\d$/.test(name)).map((row, port) => [`serial${port}`, pathOf(row)]))
