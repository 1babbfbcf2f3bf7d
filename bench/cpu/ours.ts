/** Runs a raw program at 0x8000_0000 on our core; its console is ours. The bench takes this process's CPU time between its lines. */
import { readFileSync, writeSync } from 'node:fs'
import type { Instant } from '../../src/base/time.ts'
import { makeCore } from '../../src/cpu/machine-core.ts'
import { NodeWasmEngine } from '../../src/host/wasm-engine.ts'

const [file, threshold] = process.argv.slice(2)
let line = ''
const power = { on: true }

function write(address: number, value: number): boolean {
  if (address === 0x10_0000) power.on = false
  if (address !== 0x1000_0000) return address === 0x10_0000
  line += String.fromCharCode(value)
  if (value !== 10) return true
  writeSync(1, line)
  line = ''
  return true
}

const ramBase = 0x8000_0000
const core = makeCore({
  harts: 1, ramBytes: 64 << 20, ramBase, timebaseHz: 10_000_000, engine: new NodeWasmEngine(),
  bus: { read: () => undefined, write: (address, _width, value) => write(address, value) },
  ...(threshold === undefined ? {} : { threshold: Number(threshold) }),
})
core.ram.set(readFileSync(file))
core.reset(ramBase, 0, 0)
while (power.on) core.run((core.now + 10_000_000) as Instant)
