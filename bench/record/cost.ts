/**
 * What always-on capture costs: the CPU time of a lab's whole run, and of its flight recorder, its doctor and a capture of every port for the same frames.
 *
 *   npx tsx bench/record/cost.ts [LAB…]
 */
import type { Instant } from '../../src/base/time.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { emptyStory } from '../../src/lab/explain/story.ts'
import { Witness } from '../../src/lab/explain/witness.ts'
import { FlightRecorder } from '../../src/lab/flight-recorder.ts'
import type { HearFrame, Tap } from '../../src/lab/tap.ts'
import { Recorder } from '../../src/link/recorder.ts'

interface Heard {
  readonly place: number
  readonly direction: 'in' | 'out'
  readonly time: Instant
  readonly bytes: Uint8Array
}

const milliseconds = (began: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

/** Runs a lab to the end of its tests. @param keep what its ports heard; undefined: nobody listens beside those who always do. */
async function run(file: string, keep?: Heard[]): Promise<{ cpu: number; taps: readonly Tap[] }> {
  const lab = await loadLab(readLab({ file }))
  lab.endWithTests = true
  if (keep !== undefined) lab.taps.forEach((tap, place) => tap.hear((direction, time, { bytes }) => keep.push({ place, direction, time, bytes: bytes.slice() })))
  const began = process.cpuUsage()
  lab.run(2 ** 52 as Instant, () => true)
  const cpu = milliseconds(began)
  lab.close('the end')
  return { cpu, taps: lab.taps }
}

/** CPU milliseconds that hearing all of `heard` takes. */
function cost(heard: readonly Heard[], hear: (one: Heard) => void): number {
  const began = process.cpuUsage()
  for (const one of heard) hear(one)
  return milliseconds(began)
}

function recorderCost(heard: readonly Heard[], taps: readonly Tap[]): number {
  const hearers: HearFrame[] = []
  const quiet = taps.map(({ place, medium }) => ({ place, medium, hear: (hearer: HearFrame) => void hearers.push(hearer), hearLost: () => undefined }) as unknown as Tap)
  void new FlightRecorder(quiet, [])
  return cost(heard, ({ place, direction, time, bytes }) => hearers[place](direction, time, { bytes, offload: undefined }, ''))
}

function witnessCost(heard: readonly Heard[]): number {
  const witness = new Witness(emptyStory('node1'))
  return cost(heard, ({ direction, time, bytes }) => witness.see(direction, time, bytes))
}

function captureCost(heard: readonly Heard[], taps: readonly Tap[]): number {
  let written = 0
  const recorder = new Recorder({ append: (bytes) => (written += bytes.length) })
  const numbers = taps.map(({ place, medium }) => recorder.interface(place.name, medium))
  const began = process.cpuUsage()
  for (const [index, { place, direction, time, bytes }] of heard.entries()) {
    recorder.record(numbers[place], time, direction, { bytes, offload: undefined }, undefined)
    if (index % 256 === 0) recorder.settle(time)
  }
  recorder.close()
  return milliseconds(began)
}

const least = (all: readonly number[]): number => Math.min(...all)
const files = process.argv.length > 2 ? process.argv.slice(2) : ['topologies/netboot.yaml', 'topologies/broken/counter-wrap.yaml']
for (const file of files) {
  const heard: Heard[] = []
  const { taps } = await run(file, heard)
  const whole = least([(await run(file)).cpu, (await run(file)).cpu, (await run(file)).cpu])
  const own = heard.filter(({ place }) => taps[place].place.node === 'node1')
  const thrice = (measure: () => number): number => least([measure(), measure(), measure()])
  const rows = { 'flight recorder': thrice(() => recorderCost(heard, taps)), doctor: thrice(() => witnessCost(own)), 'capture of every port': thrice(() => captureCost(heard, taps)) }
  process.stdout.write(`${file}: ${heard.length} frames, ${whole.toFixed(0)} ms of CPU\n`)
  for (const [name, cpu] of Object.entries(rows)) process.stdout.write(`  ${name.padEnd(22)} ${cpu.toFixed(0).padStart(5)} ms  ${((cpu / whole) * 100).toFixed(1)} %\n`)
}
