/** The machines of one thread, and what is asked of them: the far side of machine-thread.ts. */
import { assert } from '../../base/errors.ts'
import { SeededRandom } from '../../base/random.ts'
import type { Core, CoreConfig } from '../../cpu/core.ts'
import { ByteReader, ByteWriter } from '../snapshot/byte-stream.ts'
import type { HallCall } from './machine-thread.ts'
import { putStanding, takeJob } from './protocol.ts'
import { Seat } from './seat.ts'

export class Hall {
  readonly #makeCore: (config: Omit<CoreConfig, 'engine'>) => Core
  readonly #seats: Seat[] = []
  readonly #report = new ByteWriter()
  #random: SeededRandom | undefined

  constructor(makeCore: (config: Omit<CoreConfig, 'engine'>) => Core) {
    this.#makeCore = makeCore
  }

  /** Carries out an order: one job after the other. @returns the report, good until the next order. */
  run(order: Uint8Array): Uint8Array {
    const reader = new ByteReader(order)
    this.#report.clear()
    while (reader.left > 0) {
      const job = takeJob(reader)
      const seat = this.#seat(job.machine)
      seat.acts.clear()
      seat.run(job)
      putStanding(this.#report, seat.standing)
      this.#report.put(seat.acts.view)
    }
    return this.#report.view
  }

  /** @returns what a structured clone can carry: for `make` also the machine's memory, which is shared. */
  call(call: HallCall): unknown {
    switch (call.do) {
      case 'make': {
        this.#random ??= new SeededRandom(call.config.seed)
        const seat = new Seat(call.config, this.#random, this.#makeCore)
        const machine = this.#seats.push(seat) - 1
        return { machine, ram: seat.machine.core.ram, standing: seat.standing }
      }
      case 'plug':
        return this.#seat(call.machine).plug(call.plug)
      case 'save':
        return this.#seat(call.machine).machine.save()
      case 'load': {
        const seat = this.#seat(call.machine)
        seat.machine.load(call.state)
        return seat.standing
      }
      case 'statistics':
        return this.#seat(call.machine).machine.core.statistics()
      case 'counters':
        return this.#seat(call.machine).machine.nics[call.nic].counters
      case 'dump':
        return this.#seat(call.machine).machine.core.dump(call.hart)
      case 'reseed':
        return this.#random?.reseed(call.seed)
    }
  }

  #seat(machine: number): Seat {
    const seat = this.#seats[machine]
    assert(seat !== undefined, `no machine ${machine} in this thread`)
    return seat
  }
}
