/** One protocol-aware fault at one interface and way: which packets it picks. */
import type { SeededRandom } from '../../base/random.ts'
import type { Layer } from '../../wire/dissect.ts'
import type { FaultKind, FaultPlan } from './fault-plan.ts'
import { fits } from './pattern.ts'

export type MatchPlan = FaultPlan & { readonly what: FaultKind & { readonly kind: 'match' } }

export class Matcher {
  readonly plan: MatchPlan
  readonly #random: SeededRandom
  /** MACs of whom the pattern says the packet is from; undefined: anybody. */
  readonly #sources: ReadonlySet<string> | undefined
  #seen = 0

  constructor(plan: MatchPlan, random: SeededRandom, sources: ReadonlySet<string> | undefined) {
    this.plan = plan
    this.#random = random
    this.#sources = sources
  }

  /** Counts the packet if it matches. @returns whether it is one of those picked. */
  picks(layers: readonly Layer[]): boolean {
    const { pattern, pick } = this.plan.what
    if (!fits(pattern, layers) || !this.#isFrom(layers)) return false
    const count = ++this.#seen
    const { nth, every, between, chance } = pick
    if (nth !== undefined && !nth.has(count)) return false
    if (every !== undefined && count % every !== 0) return false
    if (between !== undefined && (count < between[0] || count > between[1])) return false
    return chance >= 1 || this.#random.below(0x1_0000_0000) < chance * 0x1_0000_0000
  }

  #isFrom(layers: readonly Layer[]): boolean {
    if (this.#sources === undefined) return true
    const source = layers[0]?.name === 'ethernet' ? layers[0].fields.find((field) => field.name === 'source')?.value : undefined
    return source !== undefined && this.#sources.has(source)
  }
}
