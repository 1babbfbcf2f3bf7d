/** The card's transceiver: an 88E1011's registers as MDIC reaches them (SDM §8.4, §13.4.11; IEEE 802.3 §22.2.4 and §40.5.1). Whatever is agreed on is agreed on at once: 1000BASE-T, full duplex. */
import type { Stateful } from '../../base/state.ts'

const registers = 32
const number = { control: 0, status: 1, id1: 2, id2: 3, advertised: 4, partner: 5, expansion: 6, gigabitControl: 9, gigabitStatus: 10, extendedStatus: 15, specificControl: 16, specificStatus: 17, extendedControl: 20 } as const

/** What they hold after a reset. */
const fresh: Readonly<Record<number, number>> = {
  [number.control]: 0x1140,
  [number.status]: 0x7949,
  [number.id1]: 0x0141,
  [number.id2]: 0x0c20,
  [number.advertised]: 0x0de1,
  [number.gigabitControl]: 0x0e00,
  [number.extendedStatus]: 0x3000,
  [number.specificControl]: 0x0360,
  [number.extendedControl]: 0x0d60,
}
const readOnly: readonly number[] = [number.status, number.id1, number.id2, number.partner, number.expansion, number.gigabitStatus, number.extendedStatus, number.specificStatus]
/** Reset and "restart auto-negotiation" are done as soon as they are written. */
const selfClearing = 0x8200
const phyReset = 0x8000

const linkStatus = 0x04 | 0x20
/** What a partner that can do everything says. */
const ablePartner = { base: 0x45e1, expansion: 0x0001, gigabit: 0x3c00 } as const
/** 1000 Mbit/s, full duplex, resolved, link. */
const specificLink = 0x8000 | 0x2000 | 0x0800 | 0x0400

export class Phy implements Stateful<readonly number[]> {
  #values: number[] = []
  /** Whether there is a link. */
  link = false

  constructor() {
    this.reset()
  }

  read(register: number): number {
    const { link } = this
    switch (register) {
      case number.status:
        return this.#values[register] | (link ? linkStatus : 0)
      case number.partner:
        return link ? ablePartner.base : 0
      case number.expansion:
        return link ? ablePartner.expansion : 0
      case number.gigabitStatus:
        return link ? ablePartner.gigabit : 0
      case number.specificStatus:
        return link ? specificLink : 0
      default:
        return this.#values[register] ?? 0
    }
  }

  write(register: number, value: number): void {
    if (register === number.control && value & phyReset) return this.reset()
    if (register >= registers || readOnly.includes(register)) return
    this.#values[register] = register === number.control ? value & ~selfClearing : value
  }

  reset(): void {
    this.#values = Array.from({ length: registers }, (_, register) => fresh[register] ?? 0)
  }

  save(): readonly number[] {
    return [...this.#values]
  }

  load(state: readonly number[]): void {
    this.#values = [...state]
  }
}
