/**
 * Intel 82540EM, the gigabit card that QEMU calls e1000. PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, Intel 317453 ("SDM").
 * Deviations: the delays of RDTR, RADV, TIDV and TADV are none (the throttle ITR is kept); received checksums are not looked at; wake-up and management are absent.
 * What the driver gets wrong in memory stops the card until its next reset, as a master abort does.
 */
import type { Scheduler } from '../../base/time.ts'
import { settleFrame, takesNothing } from '../../link/settle.ts'
import type { Frame, FrameSink, Port } from '../../link/port.ts'
import type { GuestMemory, Width } from '../bus.ts'
import { BusError } from '../bus.ts'
import type { Nic, NicCounters, RingView } from '../nic.ts'
import type { PciFunction, PciSlot } from '../pci/function.ts'
import { Eeprom, type EepromState } from './eeprom.ts'
import { wanted } from './filter.ts'
import { Interrupts, type InterruptState } from './interrupts.ts'
import { Phy } from './phy.ts'
import { Receiver } from './receive.ts'
import { cause, crcBytes, ctrl, frameMin, rctl, register, statusBits, tctl } from './registers.ts'
import { Statistics } from './statistics.ts'
import { Transmitter, type TransmitState } from './transmit.ts'

const memoryBar = 0
const memoryBytes = 0x2_0000
const portBytes = 0x40
/** IOADDR and IODATA (SDM §13.3). */
const port = { address: 0, data: 4 } as const
const packetBuffer = { register: 0x1000, value: 0x0010_0030 } as const
const addressValid = 0x8000_0000
/** MDIC (§13.4.11) and EERD (§13.4.4). */
const mdic = { write: 1, read: 2, ready: 1 << 28, interrupt: 1 << 29, error: 1 << 30, phy: 1 } as const
const eerd = { start: 1, done: 0x10 } as const
const ringLength = 0xf_ff80

export interface E1000Config {
  readonly name: string
  /** Six bytes. */
  readonly mac: Uint8Array
  readonly scheduler: Scheduler
  readonly report: (sentence: string) => void
}

/** What is plugged in is wiring, and not state. */
export type E1000State = {
  readonly registers: Uint8Array
  readonly portAddress: number
  readonly eeprom: EepromState
  readonly phy: readonly number[]
  readonly interrupts: InterruptState
  readonly waiting: readonly Uint8Array[]
  readonly transmit: TransmitState
  readonly counters: NicCounters
  readonly stopped: boolean
}

export class E1000 implements PciFunction, Nic, FrameSink {
  readonly name: string
  readonly mac: Uint8Array
  readonly identity = { vendor: 0x8086, device: 0x100e, revision: 2, classCode: 0x02_0000, subsystemVendor: 0x8086, subsystem: 0x001e }
  readonly bars = [{ kind: 'memory', bytes: memoryBytes }, undefined, { kind: 'io', bytes: portBytes }] as const
  readonly capabilities = []
  readonly #report: (sentence: string) => void
  readonly #registers = new Uint32Array(register.end / 4)
  readonly #eeprom: Eeprom
  readonly #phy = new Phy()
  readonly #interrupts: Interrupts
  readonly #receiver: Receiver
  readonly #transmitter: Transmitter
  readonly #statistics: Statistics
  #slot: PciSlot | undefined
  #port: Port | undefined
  /** Ends hearing of the port's carrier. */
  #deaf: (() => void) | undefined
  #portAddress = 0
  #stopped = false

  constructor({ name, mac, scheduler, report }: E1000Config) {
    this.name = name
    this.mac = mac.slice()
    this.#report = report
    this.#eeprom = new Eeprom(mac)
    this.#interrupts = new Interrupts(name, scheduler, (high) => this.#slot?.interrupt(high))
    this.#receiver = new Receiver(name, this.#registers, (causes) => this.#interrupts.raise(causes))
    this.#transmitter = new Transmitter(name, this.#registers)
    this.#statistics = new Statistics(this.#registers)
    this.#fresh()
  }

  get counters(): NicCounters {
    return this.#statistics.counters
  }

  get rings(): readonly RingView[] {
    return [this.#receiver.ring.view, this.#transmitter.ring.view]
  }

  attach(slot: PciSlot): void {
    this.#slot = slot
  }

  plug(end: Port): void {
    this.#pull()
    this.#port = end
    end.listen(this)
    this.#deaf = end.watchCarrier?.(() => this.#linkChanged())
    this.#linkChanged()
  }

  unplug(): void {
    if (this.#port === undefined) return
    this.#pull()
    this.#linkChanged()
  }

  receive(frame: Frame): void {
    const frames = settleFrame(frame, takesNothing, 'ethernet')
    const open = (this.#registers[register.rctl >> 2] & rctl.enable) !== 0 && !this.#stopped && this.#phy.link
    if (!open || frames === undefined) return this.#statistics.missed(frames?.length ?? 1)
    for (const { bytes } of frames) {
      const whole = padded(bytes)
      if (wanted(whole, this.#registers, crcBytes) && !this.#receiver.take(whole)) this.#statistics.missed(1)
    }
    this.#deliver()
  }

  read(bar: number, offset: number, width: Width): number {
    if (bar === memoryBar) return part(this.#read(offset & ~3), offset, width)
    return offset === port.address ? this.#portAddress : offset === port.data ? this.#read(this.#portAddress & ~3) : 0
  }

  /** Registers are written whole (§13.2). */
  write(bar: number, offset: number, width: Width, value: number): void {
    if (width !== 4) return
    if (bar === memoryBar) this.#write(offset, value)
    else if (offset === port.address) this.#portAddress = value
    else if (offset === port.data) this.#write(this.#portAddress & ~3, value)
  }

  reset(): void {
    this.#portAddress = 0
    this.#phy.reset()
    this.#fresh()
  }

  save(): E1000State {
    return {
      registers: new Uint8Array(this.#registers.buffer.slice(0)),
      portAddress: this.#portAddress,
      eeprom: this.#eeprom.save(),
      phy: this.#phy.save(),
      interrupts: this.#interrupts.save(),
      waiting: this.#receiver.save(),
      transmit: this.#transmitter.save(),
      counters: this.counters,
      stopped: this.#stopped,
    }
  }

  load(state: E1000State): void {
    new Uint8Array(this.#registers.buffer).set(state.registers)
    this.#portAddress = state.portAddress
    this.#eeprom.load(state.eeprom)
    this.#phy.load(state.phy)
    this.#interrupts.load(state.interrupts)
    this.#receiver.load(state.waiting)
    this.#transmitter.load(state.transmit)
    this.#statistics.counters = state.counters
    this.#stopped = state.stopped
    this.#phy.link = this.#carrier
  }

  get #carrier(): boolean {
    return this.#port !== undefined && this.#port.carrier !== false
  }

  #pull(): void {
    this.#port?.listen(undefined)
    this.#deaf?.()
    this.#port = undefined
    this.#deaf = undefined
  }

  #linkChanged(): void {
    this.#phy.link = this.#carrier
    this.#interrupts.raise(cause.link)
  }

  /** As after a reset by the driver (§14.1): the first address comes from the EEPROM. */
  #fresh(): void {
    this.#stopped = false
    this.#statistics.missed(this.#receiver.reset())
    this.#registers.fill(0)
    this.#registers[packetBuffer.register >> 2] = packetBuffer.value
    const words = [0, 1, 2].map((word) => this.#eeprom.word(word))
    this.#registers[register.ral >> 2] = words[0] + 0x1_0000 * words[1]
    this.#registers[(register.ral >> 2) + 1] = words[2] + addressValid
    this.#eeprom.reset()
    this.#transmitter.reset()
    this.#interrupts.reset()
    this.#phy.link = this.#carrier
  }

  #read(at: number): number {
    switch (at) {
      case register.status:
        return statusBits.fullDuplex | statusBits.speed1000 | (this.#phy.link ? statusBits.linkUp : 0)
      case register.eecd:
        return this.#eeprom.lines
      case register.icr: {
        const { causes } = this.#interrupts
        this.#interrupts.clear(causes)
        return causes
      }
      case register.ims:
        return this.#interrupts.mask
      case register.itr:
        return this.#interrupts.throttle
      case register.ics:
      case register.imc:
        return 0
      default:
        if (at >= register.statistics && at < register.statisticsEnd) return this.#statistics.read(at)
        return this.#registers[at >> 2] ?? 0
    }
  }

  #write(at: number, value: number): void {
    switch (at) {
      case register.ctrl:
        return this.#control(value)
      case register.eecd:
        this.#eeprom.lines = value
        return
      case register.eerd:
        return this.#readEeprom(value)
      case register.mdic:
        return this.#accessPhy(value)
      case register.icr:
        return this.#interrupts.clear(value)
      case register.ics:
        return this.#interrupts.raise(value)
      case register.ims:
        return this.#interrupts.enable(value)
      case register.imc:
        return this.#interrupts.disable(value)
      case register.itr:
        this.#interrupts.throttle = value
        return
      default:
        this.#store(at, value)
    }
  }

  #store(at: number, value: number): void {
    if (at === register.status || at >= register.end || (at >= register.statistics && at < register.statisticsEnd)) return
    const pointer = at === register.rdh || at === register.rdt || at === register.tdh || at === register.tdt
    const length = at === register.rdlen || at === register.tdlen
    this.#registers[at >> 2] = pointer ? value & 0xffff : length ? value & ringLength : value
    if (at === register.rdt || at === register.rctl) this.#deliver()
    if (at === register.tdt || at === register.tctl) this.#transmit()
  }

  #control(value: number): void {
    if (value & ctrl.reset) return this.#fresh()
    if (value & ctrl.phyReset) this.#phy.reset()
    this.#registers[register.ctrl >> 2] = value & ~ctrl.phyReset
  }

  #readEeprom(value: number): void {
    const word = value & eerd.start ? this.#eeprom.word((value >>> 8) & 0x3f) : 0
    this.#registers[register.eerd >> 2] = ((word << 16) | (value & 0xff00) | eerd.done) >>> 0
  }

  #accessPhy(value: number): void {
    const number = (value >>> 16) & 0x1f
    const operation = (value >>> 26) & 3
    const here = ((value >>> 21) & 0x1f) === mdic.phy
    let data = value & 0xffff
    if (here && operation === mdic.read) data = this.#phy.read(number)
    else if (here && operation === mdic.write) this.#phy.write(number, data)
    this.#registers[register.mdic >> 2] = ((value & 0x2fff_0000) | data | mdic.ready | (here ? 0 : mdic.error)) >>> 0
    if (value & mdic.interrupt) this.#interrupts.raise(cause.phyAccess)
  }

  #deliver(): void {
    if ((this.#registers[register.rctl >> 2] & rctl.enable) === 0) return
    this.#attempt((memory) => {
      const { given, lost } = this.#receiver.deliver(memory)
      for (const frame of given) this.#statistics.received(frame)
      this.#statistics.missed(lost)
    })
  }

  #transmit(): void {
    if ((this.#registers[register.tctl >> 2] & tctl.enable) === 0) return
    this.#attempt((memory) => {
      const causes = this.#transmitter.run(memory, (frame) => this.#send(frame))
      this.#interrupts.raise(causes)
    })
  }

  #send(frame: Frame | undefined): void {
    const end = this.#port
    const segmented = frame?.offload !== undefined && frame.offload.segmentation !== 'none'
    if (frame === undefined || end === undefined || (!segmented && frame.bytes.length > end.frameMax)) return this.#statistics.unsent()
    this.#statistics.sent(frame.bytes)
    end.send(frame)
  }

  #attempt(work: (memory: GuestMemory) => void): void {
    if (this.#stopped || this.#slot === undefined) return
    try {
      work(this.#slot.memory)
    } catch (error) {
      if (!(error instanceof BusError)) throw error
      this.#stopped = true
      this.#report(`${this.name}: the guest's driver broke the rules (${error.message}); the card waits for a reset`)
    }
  }
}

const part = (word: number, offset: number, width: Width): number => (width === 4 ? word : (word >>> (8 * (offset & 3))) & (width === 2 ? 0xffff : 0xff))

/** Frames arrive as a cable brings them: with zeros behind those that are too short for one. */
function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= frameMin) return bytes
  const whole = new Uint8Array(frameMin)
  whole.set(bytes)
  return whole
}
