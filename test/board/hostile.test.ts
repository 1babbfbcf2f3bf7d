/** A guest that writes anything anywhere: the board neither throws nor hangs nor grows. Seeded, so a failure can be had again. */
import { describe, expect, it } from 'vitest'
import { putU16le, putU32le, putU64le } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { Machine } from '../../src/board/machine.ts'
import { MemoryDisk } from '../../src/disk/memory.ts'
import type { FrameSink } from '../../src/link/port.ts'
import { FakeCore } from './fake-core.ts'

const ramBase = 0x8000_0000
const ramBytes = 0x10_0000
const slots = [0x1000_1000, 0x1000_2000, 0x1000_3000]
const regions = [0x1000, 0x10_1000, 0x200_0000, 0x200_bff8, 0xc00_0000, 0xc00_2000, 0xc20_0000, 0x1000_0000, ...slots]

function make(seed: number) {
  const reports: string[] = []
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (_event: string, message: string) => void reports.push(message.split(':')[0]) }
  const machine = new Machine({
    name: 'hostile',
    ramBytes,
    harts: 2,
    boot: { kind: 'program', program: { name: 'x', bytes: Uint8Array.of(1) } },
    nics: [{ mac: Uint8Array.of(2, 0, 0, 0, 0, 1) }],
    disks: [new MemoryDisk(new Uint8Array(8192))],
    random: new SeededRandom(seed),
    log,
    coreFactory: (config) => new FakeCore(config),
  })
  let sink: FrameSink | undefined
  machine.nics[0].plug({ name: 'cable', medium: 'ethernet', frameMax: 1518, send: () => undefined, listen: (hear) => void (sink = hear) })
  machine.start()
  return { machine, core: machine.core as FakeCore, reports, frame: () => sink?.receive({ bytes: new Uint8Array(200), offload: undefined }) }
}

/** A number that is sometimes small, sometimes an address in RAM, sometimes anything. */
function value(random: SeededRandom): number {
  const kind = random.below(4)
  if (kind === 0) return random.below(16)
  if (kind === 1) return ramBase + random.below(ramBytes)
  return kind === 2 ? 2 ** random.below(32) : random.below(2 ** 32)
}

function poke({ core, machine, frame }: ReturnType<typeof make>, random: SeededRandom): void {
  const width = ([1, 2, 4, 4, 4] as const)[random.below(5)]
  const address = regions[random.below(regions.length)] + width * random.below(0x120 / width)
  if (random.below(3) === 0) core.bus.read(address, width)
  else core.bus.write(address, width, value(random))
  if (random.below(20) === 0) frame()
  if (random.below(50) === 0) machine.run((machine.timeline.now + 50_000) as Instant)
}

/** A driver that negotiates properly and then fills its rings with rubbish. */
function rubbish({ core, machine, frame }: ReturnType<typeof make>, random: SeededRandom, slot: number): void {
  const put = (offset: number, word: number): boolean => core.bus.write(slot + offset, 4, word)
  put(0x070, 0)
  put(0x070, 3)
  put(0x020, random.below(2) === 0 ? 0x3000_0000 : 0)
  put(0x024, 1)
  put(0x020, 1)
  put(0x024, 0)
  put(0x070, 11)
  for (const queue of [0, 1]) {
    const at = 0x1000 + 0x4000 * queue
    put(0x030, queue)
    put(0x038, 8)
    // Sometimes the rings lie over each other.
    ;[0x080, 0x090, 0x0a0].forEach((register, index) => put(register, ramBase + at + (random.below(8) === 0 ? 0 : 0x1000 * index)))
    for (let index = 0; index < 8; index++) {
      putU64le(core.ram, at + 16 * index, BigInt(value(random)))
      putU32le(core.ram, at + 16 * index + 8, random.below(3) === 0 ? value(random) : random.below(2048))
      putU16le(core.ram, at + 16 * index + 12, random.below(8))
      putU16le(core.ram, at + 16 * index + 14, random.below(9))
      putU16le(core.ram, at + 0x1004 + 2 * index, random.below(9))
    }
    putU16le(core.ram, at + 0x1002, random.below(10))
    put(0x044, 1)
  }
  put(0x070, 15)
  for (const queue of [0, 1, 2]) put(0x050, queue)
  frame()
  machine.run((machine.timeline.now + 200_000) as Instant)
}

describe('a hostile guest', () => {
  it('pokes every register at random', () => {
    for (let seed = 0; seed < 8; seed++) {
      const board = make(seed)
      const random = new SeededRandom(`poke ${seed}`)
      for (let count = 0; count < 4000; count++) poke(board, random)
      expect(board.machine.state).toBe('running')
      expect(() => board.machine.save()).not.toThrow()
    }
  })

  it('fills its rings with rubbish, and is told of it at most once between resets', () => {
    let broken = 0
    for (let seed = 0; seed < 4; seed++) {
      const board = make(seed)
      const random = new SeededRandom(`rings ${seed}`)
      for (let round = 0; round < 150; round++) {
        board.reports.length = 0
        rubbish(board, random, slots[round % 3])
        // One device may break in its own round and another by a request of an earlier one; neither says so twice.
        expect(new Set(board.reports).size).toBe(board.reports.length)
        broken += board.reports.length
      }
    }
    expect(broken).toBeGreaterThan(100)
  })
})
