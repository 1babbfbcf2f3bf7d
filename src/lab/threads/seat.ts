/**
 * One machine in a thread of its own lab's (hall.ts): runs as far as it is told, with what reaches it in that time, and writes down what it does.
 *
 * An alarm of the lab's that has rung on the machine's stand-in rings here under the same name at the same instant, so that it falls in line with the
 * devices' own. In front of the next one the machine stops: what that will do isn't known yet. An alarm of no name does that, which rings first of its
 * instant and is followed by one that counts, so the guest can't tell.
 */
import type { Log } from '../../base/log.ts'
import { SeededRandom } from '../../base/random.ts'
import { type Alarm, between, type Instant } from '../../base/time.ts'
import { Machine } from '../../board/machine.ts'
import type { Core, CoreConfig } from '../../cpu/core.ts'
import type { Port } from '../../link/port.ts'
import { MachineLog } from '../snapshot/machine-log.ts'
import type { FarConfig, FarPlug } from './machine-thread.ts'
import type { Deed, Job, Ring, Standing } from './protocol.ts'

/** A run ends when its acts fill so much, in bytes. */
const mostActs = 1 << 19

interface Wire {
  carrier: boolean
  hear: ((carrier: boolean) => void) | undefined
  receive: ((frame: Parameters<Port['send']>[0]) => void) | undefined
}

export class Seat {
  readonly machine: Machine
  readonly acts = new MachineLog()
  readonly #stop: Alarm
  readonly #bells = new Map<string, { readonly alarm: Alarm; readonly rings: Ring[] }>()
  readonly #wires: Wire[] = []
  #job: Job | undefined
  /** The run is to go no further. */
  #end = 0
  #ended = false

  constructor(config: FarConfig, random: SeededRandom, makeCore: (config: Omit<CoreConfig, 'engine'>) => Core) {
    const nothing = (): void => undefined
    const warn = (event: string, sentence: string): void => {
      if (event === 'guest.odd') this.acts.add({ kind: 'odd', time: this.machine.timeline.now, sentence })
    }
    const log: Log = { debug: nothing, info: nothing, warn, error: nothing }
    this.machine = new Machine({ ...config, disks: [], random: random.fork(`machine ${config.name}`), log, coreFactory: makeCore })
    this.#stop = this.machine.timeline.alarm('', () => this.#halt())
    this.machine.console.listen((bytes) => {
      this.acts.add({ kind: 'console', time: this.machine.timeline.now, bytes })
      if (this.#job?.stopsAtWord === true) this.#halt()
    })
  }

  plug({ nic, name, medium, frameMax, carrier }: FarPlug): void {
    const wire: Wire = { carrier, hear: undefined, receive: undefined }
    this.#wires[nic] = wire
    this.machine.nics[nic].plug({
      name,
      medium,
      frameMax,
      get carrier() {
        return wire.carrier
      },
      send: (frame) => this.#sent(nic, frame),
      listen: (sink) => void (wire.receive = sink === undefined ? undefined : (frame) => sink.receive(frame)),
      watchCarrier: (hear) => {
        wire.hear = hear
        return () => void (wire.hear = undefined)
      },
    })
  }

  run(job: Job): void {
    this.#job = job
    for (const deed of job.deeds) this.#do(deed)
    for (const ring of job.rings) this.#schedule(ring)
    if (job.until === undefined) return
    const { timeline } = this.machine
    this.#end = job.until
    this.#ended = false
    if (job.alarm !== undefined && job.alarm <= job.until) this.#stop.arm(between(timeline.now, job.alarm))
    // A frame that was sent pulls the end nearer: the machine yields, and goes on up to there.
    let before: number
    do {
      before = this.#end
      this.machine.run(this.#end as Instant)
    } while (!this.#ended && before !== this.#end && this.machine.state === 'running' && this.machine.core.now < this.#end && this.acts.size < mostActs)
    this.#stop.disarm()
  }

  get standing(): Standing {
    const { core, timeline, next, state, finish, endedAt, console } = this.machine
    return { coreNow: core.now, now: timeline.now, next, wake: core.wake, idle: core.idle, retired: core.retired, state, finish, endedAt, room: console.room }
  }

  #sent(nic: number, frame: Parameters<Port['send']>[0]): void {
    const job = this.#job as Job
    const { now } = this.machine.timeline
    this.acts.add({ kind: 'frame', time: now, nic, frame })
    if (job.stopsAtSend || this.acts.size >= mostActs) return this.#halt()
    const end = Math.max(now + job.echo - 1, now + 1)
    if (job.echo === 0 || end >= this.#end) return
    this.#end = end
    this.machine.yieldNow()
  }

  #halt(): void {
    this.#ended = true
    this.machine.yieldNow()
  }

  #schedule(ring: Ring): void {
    const { timeline } = this.machine
    let bell = this.#bells.get(ring.name)
    if (bell === undefined) {
      const rings: Ring[] = []
      bell = { rings, alarm: timeline.alarm(ring.name, () => rings.splice(0).forEach(({ deeds }) => deeds.forEach((deed) => this.#do(deed)))) }
      this.#bells.set(ring.name, bell)
    }
    bell.rings.push(ring)
    bell.alarm.arm(between(timeline.now, ring.time))
  }

  #do(deed: Deed): void {
    switch (deed.kind) {
      case 'frame':
        return this.#wires[deed.nic]?.receive?.(deed.frame)
      case 'type':
        return this.machine.console.write(deed.bytes)
      case 'carrier': {
        const wire = this.#wires[deed.nic]
        wire.carrier = deed.carrier
        return wire.hear?.(deed.carrier)
      }
      case 'start':
        return this.machine.start()
      case 'off':
        return this.machine.powerOff()
    }
  }
}
