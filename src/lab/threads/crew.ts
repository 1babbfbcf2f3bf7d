/** The threads of a lab: collects what each machine is to do, sets all threads to work at once, and waits for them. */
import { assert } from '../../base/errors.ts'
import { ByteReader, ByteWriter } from '../snapshot/byte-stream.ts'
import { type Distance, distances } from './distances.ts'
import { type Place, placeMachines } from './placement.ts'
import type { Topology } from '../topology.ts'
import type { MachineThread } from './machine-thread.ts'
import { type Job, putJob, type Standing, takeStanding } from './protocol.ts'

/** Told how a machine stands after its job, and what it did, for a `MachineLogReader`. */
export type HearReport = (standing: Standing, acts: Uint8Array) => void

export class Gang {
  readonly thread: MachineThread
  readonly #order = new ByteWriter()
  #hearers: HearReport[] = []
  #under: HearReport[] = []

  constructor(thread: MachineThread) {
    this.thread = thread
  }

  /** For the next `go`. */
  add(job: Job, hear: HearReport): void {
    putJob(this.#order, job)
    this.#hearers.push(hear)
  }

  go(): void {
    if (this.#hearers.length === 0) return
    assert(this.#under.length === 0, 'a thread is given an order while it has another')
    this.#under = this.#hearers
    this.#hearers = []
    this.thread.order(this.#order.view)
    this.#order.clear()
  }

  wait(): void {
    if (this.#under.length === 0) return
    const hearers = this.#under
    this.#under = []
    const reader = new ByteReader(this.thread.answer())
    for (const hear of hearers) hear(takeStanding(reader), reader.take())
  }
}

export class Crew {
  readonly gangs: readonly Gang[]
  /** By node. */
  readonly places: ReadonlyMap<string, Place>
  /** Between the islands of the lab. */
  readonly distance: Distance

  constructor(topology: Topology, threads: readonly MachineThread[]) {
    this.gangs = threads.map((thread) => new Gang(thread))
    this.places = placeMachines(topology, threads.length + 1)
    this.distance = distances(topology)
  }

  /** Every thread begins with what it has been given. */
  go(): void {
    for (const gang of this.gangs) gang.go()
  }

  /** Until all are done. */
  wait(): void {
    for (const gang of this.gangs) gang.wait()
  }

  /** All chance is drawn from another seed from now on. */
  reseed(seed: string): void {
    for (const { thread } of this.gangs) thread.call({ do: 'reseed', seed })
  }

  close(): void {
    for (const { thread } of this.gangs) thread.close()
  }
}
