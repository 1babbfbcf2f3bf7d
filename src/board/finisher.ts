/** SiFive test finisher: one word that ends the machine. `sifive,test1`; values as OpenSBI and Linux write them through syscon. */
import type { Model } from './model.ts'
import type { Width } from './bus.ts'

/** What the guest asked for. `code` is the failing program's own, 0…65535. */
export type Finish = { readonly kind: 'poweroff' } | { readonly kind: 'reset' } | { readonly kind: 'fail'; readonly code: number }

/** The low half of the word. */
export const finishers = { fail: 0x3333, pass: 0x5555, reset: 0x7777 } as const

export class Finisher implements Model {
  readonly name = 'finisher'
  readonly span = 0x1000
  readonly #finish: (finish: Finish) => void

  constructor(finish: (finish: Finish) => void) {
    this.#finish = finish
  }

  read(): number {
    return 0
  }

  write(offset: number, width: Width, value: number): void {
    if (offset !== 0 || width === 1) return
    const word = value & 0xffff
    if (word === finishers.pass) this.#finish({ kind: 'poweroff' })
    else if (word === finishers.reset) this.#finish({ kind: 'reset' })
    else if (word === finishers.fail) this.#finish({ kind: 'fail', code: value >>> 16 })
  }

  reset(): void {}

  save(): null {
    return null
  }

  load(): void {}
}
