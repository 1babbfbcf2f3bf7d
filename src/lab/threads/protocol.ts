/**
 * What passes between a lab and a thread with machines, many thousand times a second: orders to run so far, with what reaches the machine in that
 * time, and reports of what it did. Bytes on bytes (snapshot/byte-stream.ts); acts are those of a machine's log (snapshot/machine-log.ts).
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'
import type { Finish } from '../../board/finisher.ts'
import type { MachineState } from '../../board/machine.ts'
import type { Frame } from '../../link/port.ts'
import type { ByteReader, ByteWriter } from '../snapshot/byte-stream.ts'
import { putOffload, takeOffload } from '../snapshot/machine-log.ts'

/** Something that the lab does to the machine. */
export type Deed =
  | { readonly kind: 'frame'; readonly nic: number; readonly frame: Frame }
  | { readonly kind: 'type'; readonly bytes: Uint8Array }
  | { readonly kind: 'carrier'; readonly nic: number; readonly carrier: boolean }
  | { readonly kind: 'start' | 'off' }

/** An alarm of the lab's that rings on the machine's timeline, and what comes of it; there may be nothing, and it counts all the same (Core.rouse). */
export interface Ring {
  readonly time: Instant
  /** Of the alarm: it orders what falls on one instant. */
  readonly name: string
  readonly deeds: readonly Deed[]
}

export interface Job {
  readonly machine: number
  /** Last instant of the run; undefined: there is none, only deeds. */
  readonly until: Instant | undefined
  /** An alarm of the lab's is due then: the machine stops in front of it. */
  readonly alarm: Instant | undefined
  /** So long after it has sent a frame something may come of it; 0: never. */
  readonly echo: number
  /** Ends the run at once when it sends, or says something. */
  readonly stopsAtSend: boolean
  readonly stopsAtWord: boolean
  /** Done at once. */
  readonly deeds: readonly Deed[]
  readonly rings: readonly Ring[]
}

/** How a machine stands after a run. */
export interface Standing {
  /** Of its harts, and of its timeline. */
  readonly coreNow: Instant
  readonly now: Instant
  readonly next: Instant | undefined
  readonly wake: Instant | undefined
  readonly idle: boolean
  readonly retired: number
  readonly state: MachineState
  readonly finish: Finish | undefined
  readonly endedAt: Instant
  /** Characters that its console has room for. */
  readonly room: number
}

const deedKinds = ['frame', 'type', 'carrier', 'start', 'off'] as const
const states: readonly MachineState[] = ['running', 'off', 'reset']
const finishes = ['none', 'poweroff', 'reset', 'fail'] as const

export function putJob(writer: ByteWriter, job: Job): void {
  writer.number(job.machine)
  putMaybe(writer, job.until)
  putMaybe(writer, job.alarm)
  writer.number(job.echo)
  writer.number((job.stopsAtSend ? 1 : 0) + (job.stopsAtWord ? 2 : 0))
  putDeeds(writer, job.deeds)
  writer.number(job.rings.length)
  for (const { time, name, deeds } of job.rings) {
    writer.number(time)
    writer.put(utf8(name))
    putDeeds(writer, deeds)
  }
}

/** @throws {Malformed} at what `putJob` didn't write. */
export function takeJob(reader: ByteReader): Job {
  const machine = reader.number()
  const until = takeMaybe(reader)
  const alarm = takeMaybe(reader)
  const echo = reader.number()
  const flags = reader.number()
  const deeds = takeDeeds(reader)
  const rings = Array.from({ length: reader.number() }, (): Ring => ({ time: reader.number() as Instant, name: fromUtf8(reader.take()), deeds: takeDeeds(reader) }))
  return { machine, until, alarm, echo, stopsAtSend: (flags & 1) !== 0, stopsAtWord: (flags & 2) !== 0, deeds, rings }
}

export function putStanding(writer: ByteWriter, standing: Standing): void {
  const { coreNow, now, next, wake, idle, retired, state, finish, endedAt, room } = standing
  writer.number(coreNow)
  writer.number(now)
  putMaybe(writer, next)
  putMaybe(writer, wake)
  writer.number(idle ? 1 : 0)
  writer.number(retired)
  writer.number(states.indexOf(state))
  writer.number(finishes.indexOf(finish?.kind ?? 'none'))
  writer.number(finish?.kind === 'fail' ? finish.code : 0)
  writer.number(endedAt)
  writer.number(room)
}

/** @throws {Malformed} at what `putStanding` didn't write. */
export function takeStanding(reader: ByteReader): Standing {
  const coreNow = reader.number() as Instant
  const now = reader.number() as Instant
  const next = takeMaybe(reader)
  const wake = takeMaybe(reader)
  const idle = reader.number() === 1
  const retired = reader.number()
  const state = reader.word(states)
  const word = reader.word(finishes)
  const code = reader.number()
  const finish: Finish | undefined = word === 'none' ? undefined : word === 'fail' ? { kind: word, code } : { kind: word }
  return { coreNow, now, next, wake, idle, retired, state, finish, endedAt: reader.number() as Instant, room: reader.number() }
}

function putMaybe(writer: ByteWriter, value: Instant | undefined): void {
  writer.number(value === undefined ? 0 : value + 1)
}

function takeMaybe(reader: ByteReader): Instant | undefined {
  const value = reader.number()
  return value === 0 ? undefined : ((value - 1) as Instant)
}

function putDeeds(writer: ByteWriter, deeds: readonly Deed[]): void {
  writer.number(deeds.length)
  for (const deed of deeds) {
    writer.number(deedKinds.indexOf(deed.kind))
    if (deed.kind === 'frame') {
      writer.number(deed.nic)
      putOffload(writer, deed.frame.offload)
      writer.put(deed.frame.bytes)
    } else if (deed.kind === 'type') writer.put(deed.bytes)
    else if (deed.kind === 'carrier') {
      writer.number(deed.nic)
      writer.number(deed.carrier ? 1 : 0)
    }
  }
}

function takeDeeds(reader: ByteReader): Deed[] {
  return Array.from({ length: reader.number() }, (): Deed => {
    const kind = reader.word(deedKinds)
    if (kind === 'frame') {
      const nic = reader.number()
      const offload = takeOffload(reader)
      return { kind, nic, frame: { bytes: reader.take(), offload } }
    }
    if (kind === 'type') return { kind, bytes: reader.take() }
    return kind === 'carrier' ? { kind, nic: reader.number(), carrier: reader.number() === 1 } : { kind }
  })
}
