/**
 * The trouble at one interface: every fault that befalls what it sends or what arrives for it.
 *
 * Theory of operation. A frame passes, in this order: the protocol-aware faults in the order of the file, the pulled cable, then the
 * impairments, which link/impair.ts does. Faults have windows of virtual time and are looked at when a packet passes, so they need no
 * alarms. Both ways are judged on the interface's own island: what is sent, before it enters the cable; what arrives, before it is heard. So
 * counts and conversations (a TFTP transfer's ports) are one island's own, and a run stays the same however islands are run.
 */
import type { SeededRandom } from '../../base/random.ts'
import type { Instant, Scheduler } from '../../base/time.ts'
import { copyFrame } from '../../link/frame.ts'
import { type Faults, type ImpairCounters, Impaired } from '../../link/impair.ts'
import type { Frame, Medium, Port } from '../../link/port.ts'
import { settleFrame, takesNothing } from '../../link/settle.ts'
import { Trace } from '../../link/trace.ts'
import { combine } from './combine.ts'
import { type Act, type FaultPlan, type FaultScript, type Hit, hitKey, type Way } from './fault-plan.ts'
import { Hold } from './hold.ts'
import { Matcher, type MatchPlan } from './matcher.ts'

export interface TroublePlan {
  /** `node1:eth0`. */
  readonly port: string
  readonly medium: Medium
  readonly scheduler: Scheduler
  /** Of this interface alone. */
  readonly random: SeededRandom
  /** MACs of a node, `02:…`. */
  readonly macs: (node: string) => readonly string[]
  readonly script?: FaultScript | undefined
}

/** Told of each hit, with the packet as it was. */
export type HearHit = (hit: Hit, time: Instant, frame: Frame, what: string) => void

/** What became of a frame: words for a capture's comment, empty when nothing did. */
export type Comment = string

export class Trouble {
  readonly #plan: TroublePlan
  readonly #trace = new Trace()
  readonly #ways: Partial<Record<Way, WayTrouble>> = {}
  readonly #hearers = new Set<HearHit>()

  constructor(plan: TroublePlan) {
    this.#plan = plan
  }

  /** Whether a frame on this way has to pass here at all. */
  concerns(way: Way): boolean {
    return this.#ways[way] !== undefined
  }

  add(fault: FaultPlan, way: Way): void {
    this.#ways[way] ??= new WayTrouble(this.#plan, way, this.#trace, (...hit) => this.#tell(...hit))
    this.#ways[way].add(fault)
    if (fault.what.kind === 'down') this.changed()
    if (fault.what.kind !== 'match') return
    // A conversation is understood only by who hears both sides of it.
    const other = way === 'in' ? 'out' : 'in'
    this.#ways[other] ??= new WayTrouble(this.#plan, other, this.#trace, (...hit) => this.#tell(...hit))
    for (const each of Object.values(this.#ways)) each.traced = true
  }

  remove(name: string): void {
    for (const way of Object.values(this.#ways)) way.remove(name)
    this.changed()
  }

  /** Names of the faults here, of either way. */
  get names(): readonly string[] {
    return [...new Set(Object.values(this.#ways).flatMap((way) => way.names))]
  }

  /** Whether the cable is in its socket. */
  plugged(now: Instant): boolean {
    return this.#downs.every((fault) => !inWindow(fault, now))
  }

  /** When the cable is pulled or plugged in next, after `now`. */
  nextTurn(now: Instant): Instant | undefined {
    const turns = this.#downs.flatMap(({ at, span }) => (span === undefined ? [at] : [at, at + span])).filter((turn) => turn > now)
    return turns.length === 0 ? undefined : (Math.min(...turns) as Instant)
  }

  /** For the port: faults have come or gone. */
  changed: () => void = () => undefined

  get #downs(): readonly FaultPlan[] {
    return Object.values(this.#ways).flatMap((way) => way.downs)
  }

  hear(hearer: HearHit): () => void {
    this.#hearers.add(hearer)
    return () => void this.#hearers.delete(hearer)
  }

  /** Lets a frame through, or not. @param onward what it would have done without us; may be called later, or more than once. */
  pass(way: Way, frame: Frame, onward: (frame: Frame) => void): Comment {
    return this.#ways[way]?.pass(frame, onward) ?? (onward(frame), '')
  }

  #tell(...[hit, time, frame, what]: Parameters<HearHit>): void {
    for (const hearer of this.#hearers) hearer(hit, time, frame, what)
  }
}

/** Longest comment of one frame in characters. */
const longestComment = 500

class WayTrouble {
  readonly #plan: TroublePlan
  readonly #way: Way
  readonly #trace: Trace
  readonly #tell: HearHit
  readonly #faults: FaultPlan[] = []
  readonly #matchers: Matcher[] = []
  /** Somebody here goes by what packets say. */
  traced = false
  #impaired: Impaired | undefined
  #hold: Hold | undefined
  /** Names of the impairments that are set. */
  #shaped: string | undefined
  #packets = 0
  #onward: (frame: Frame) => void = () => undefined

  constructor(plan: TroublePlan, way: Way, trace: Trace, tell: HearHit) {
    this.#plan = plan
    this.#way = way
    this.#trace = trace
    this.#tell = tell
  }

  get downs(): readonly FaultPlan[] {
    return this.#faults.filter((fault) => fault.what.kind === 'down')
  }

  get names(): string[] {
    return this.#faults.map((fault) => fault.name)
  }

  add(fault: FaultPlan): void {
    this.#faults.push(fault)
    this.#shaped = undefined
    if (fault.what.kind !== 'match') return
    const { from, to } = fault.what.pattern
    const sources = from !== undefined && to !== undefined ? new Set(this.#plan.macs(from)) : undefined
    this.#matchers.push(new Matcher(fault as MatchPlan, this.#random(fault.name), sources))
  }

  remove(name: string): void {
    this.#shaped = undefined
    for (let at = this.#faults.length - 1; at >= 0; at--) if (this.#faults[at].name === name) this.#faults.splice(at, 1)
    for (let at = this.#matchers.length - 1; at >= 0; at--) if (this.#matchers[at].plan.name === name) this.#matchers.splice(at, 1)
  }

  pass(frame: Frame, onward: (frame: Frame) => void): Comment {
    this.#onward = onward
    const comments: string[] = []
    // Faults befall packets: super-frames are cut first. What makes no sense goes on as it is; the cable's end deals with it.
    for (const packet of settleFrame(frame, takesNothing, this.#plan.medium) ?? [frame]) comments.push(...this.#befall(packet))
    return comments.join('; ').slice(0, longestComment)
  }

  #befall(packet: Frame): string[] {
    const number = ++this.#packets
    const { now } = this.#plan.scheduler
    const said: string[] = []
    let copies = 1
    for (const matcher of this.#picking(packet, number, now)) {
      const { name, what } = matcher.plan
      said.push(this.#hit(name, number, what.act.kind, packet, verbs[what.act.kind]))
      if (what.act.kind === 'drop') return said
      if (what.act.kind === 'duplicate') copies++
      else if (what.act.kind === 'corrupt') this.#damage(packet.bytes, name)
      else return this.#delay(packet, what.act, said)
    }
    const down = this.#faults.find((fault) => fault.what.kind === 'down' && inWindow(fault, now))
    if (down !== undefined) return [...said, this.#hit(down.name, number, 'drop', packet, 'lost: link down by')]
    for (; copies > 1; copies--) this.#impair(copyFrame(packet), number, now, said)
    this.#impair(packet, number, now, said)
    return said
  }

  /** Every matcher counts, whatever the others do with the packet. */
  #picking(packet: Frame, number: number, now: Instant): Matcher[] {
    if (!this.traced) return []
    // Where only the other way has matchers, feeding the trace is all that is asked for.
    const layers = this.#trace.layers(packet.bytes, this.#plan.medium)
    const { script } = this.#plan
    return this.#matchers.filter((matcher) => {
      const { name } = matcher.plan
      const picked = inWindow(matcher.plan, now) && matcher.picks(layers)
      return script?.faults.has(name) === true ? script.hits.has(this.#key(name, number)) : picked
    })
  }

  #delay(packet: Frame, { by }: Act & { readonly kind: 'delay' }, said: string[]): string[] {
    this.#hold ??= new Hold(`${this.#plan.port} ${this.#way} held`, this.#plan.scheduler)
    this.#hold.keep(packet, by, this.#onward)
    return said
  }

  #impair(packet: Frame, number: number, now: Instant, said: string[]): void {
    const active = this.#faults.filter((fault) => fault.what.kind === 'impair' && inWindow(fault, now))
    const scripted = active.find((fault) => this.#plan.script?.hits.has(this.#key(fault.name, number)) === true)
    if (scripted !== undefined) {
      said.push(this.#hit(scripted.name, number, 'drop', packet, verbs.drop))
      return
    }
    if (active.length === 0 && this.#impaired === undefined) return this.#onward(packet)
    const impaired = this.#shape(active)
    const before = { ...impaired.counters }
    const copy = copyFrame(packet)
    impaired.send(packet)
    for (const [counter, effect] of effects) {
      if (impaired.counters[counter] > before[counter]) said.push(this.#hit(blame(active, counter), number, effect, copy, counter === 'droppedFull' ? 'dropped, queue full, by' : verbs[effect]))
    }
  }

  #shape(active: readonly FaultPlan[]): Impaired {
    this.#impaired ??= new Impaired(pipe(this.#plan, this.#way, (frame) => this.#onward(frame)), this.#random('impair'), this.#plan.scheduler, {})
    const names = active.map((fault) => fault.name).join(' ')
    if (names !== this.#shaped) this.#impaired.faults = combine(active.map((fault) => this.#effective(fault)))
    this.#shaped = names
    return this.#impaired
  }

  /** A loss that is scripted does not happen by chance. */
  #effective(fault: FaultPlan): Faults {
    const { faults } = fault.what as { readonly faults: Faults }
    if (this.#plan.script?.faults.has(fault.name) !== true) return faults
    const { loss: _loss, lossBurst: _burst, ...rest } = faults
    return rest
  }

  #damage(bytes: Uint8Array, fault: string): void {
    const from = this.#plan.medium === 'ethernet' && bytes.length > 14 ? 14 : 0
    if (bytes.length === 0) return
    const bit = this.#random(`${fault} bit ${this.#packets}`).below((bytes.length - from) * 8)
    bytes[from + (bit >>> 3)] ^= 1 << (bit & 7)
  }

  #hit(fault: string, packet: number, effect: Hit['effect'], frame: Frame, verb: string): string {
    const what = `${verb} ${fault}`
    this.#tell({ fault, port: this.#plan.port, way: this.#way, packet, effect }, this.#plan.scheduler.now, frame, what)
    return what
  }

  #key(fault: string, packet: number): string {
    return hitKey({ fault, port: this.#plan.port, way: this.#way, packet })
  }

  #random(name: string): SeededRandom {
    return this.#plan.random.fork(`${this.#way} ${name}`)
  }
}

const verbs: Readonly<Record<Hit['effect'], string>> = { drop: 'dropped by', duplicate: 'doubled by', corrupt: 'damaged by', delay: 'delayed by', reorder: 'held back by' }
const effects: readonly (readonly [keyof ImpairCounters, Hit['effect']])[] = [['lost', 'drop'], ['droppedFull', 'drop'], ['duplicated', 'duplicate'], ['corrupted', 'corrupt'], ['reordered', 'reorder']]

function inWindow({ at, span }: Pick<FaultPlan, 'at' | 'span'>, now: Instant): boolean {
  return now >= at && (span === undefined || now < at + span)
}

/** Of several impairments that could have done it, the first is named. */
function blame(active: readonly FaultPlan[], counter: keyof ImpairCounters): string {
  const key = ({ lost: 'loss', droppedFull: 'rateBps', duplicated: 'duplicate', corrupted: 'corrupt', reordered: 'reorder' } as Readonly<Record<string, keyof Faults>>)[counter]
  return (active.find(({ what }) => what.kind === 'impair' && key !== undefined && what.faults[key] !== undefined) ?? active[0])?.name ?? 'impairment'
}

/** What impair.ts sends into: the rest of the frame's way. */
function pipe({ port, medium }: TroublePlan, way: Way, send: (frame: Frame) => void): Port {
  return { name: `${port} ${way}`, medium, frameMax: Number.MAX_SAFE_INTEGER, send, listen: () => undefined }
}
