/** Debian's kernel and user space on both engines: the same console bytes at the same instants, the same count of retired instructions. */
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { Machine } from '../../src/board/machine.ts'
import type { CpuName } from '../../src/cpu/isa/profile.ts'
import { makeCore } from '../../src/cpu/machine-core.ts'
import { emptyRecipe, ImageStore } from '../../src/host/images/image-store.ts'
import { NodeWasmEngine } from '../../src/host/wasm-engine.ts'

/** User space that forks, executes, computes and sleeps, and then powers off. */
const init = `#!/bin/busybox sh
. /etc/netloom/setup
seq 1 2000 | sort -r | sha256sum
for turn in 1 2 3 4 5 6 7 8 9 10; do (echo $turn; sleep 0.01) | cat; done
echo "netloom: done on $(nproc)"
poweroff -f
`

interface Named {
  readonly name: string
  readonly bytes: Uint8Array
}

const images = new Map<string, Named>()
beforeAll(async () => {
  const store = new ImageStore()
  for (const { name, bytes } of [await store.open('linux'), await store.open('opensbi'), await store.initramfs({ ...emptyRecipe, init })]) images.set(name, { name, bytes })
  store.close()
}, 600_000)

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

interface Run {
  readonly digest: string
  readonly text: string
  readonly retired: number
  readonly endedAt: number
  readonly state: string
}

function run(harts: number, cpu: CpuName, threshold: number | undefined): Run {
  const [kernel, opensbi, initrd] = ['linux', 'opensbi', 'initramfs'].map((name) => images.get(name) as Named)
  const machine = new Machine({
    name: 'node1', harts, cpu, ramBytes: 256 << 20, nics: [], disks: [], log, random: new SeededRandom(42),
    boot: { kind: 'kernel', opensbi, kernel, initrd, bootargs: 'console=ttyS0 cryptomgr.notests netloom.dhcp=no' },
    coreFactory: (config) => makeCore({ ...config, engine: new NodeWasmEngine(), ...(threshold === undefined ? {} : { threshold }) }),
  })
  const digest = createHash('sha256')
  let text = ''
  machine.console.listen((bytes) => {
    digest.update(utf8(`${machine.timeline.now} `)).update(bytes)
    text += String.fromCharCode(...bytes)
  })
  machine.start()
  while (machine.state === 'running' && machine.timeline.now < 60_000_000_000) machine.run((machine.timeline.now + 50_000_000) as Instant)
  return { digest: digest.digest('hex'), text, retired: machine.core.retired, endedAt: machine.endedAt, state: machine.state }
}

describe('Debian on the interpreter and in compiled code', () => {
  it.each<[number, CpuName]>([[1, 'rv64gc'], [4, 'rv64gc'], [4, 'rva22']])('runs alike on %d harts of %s', (harts, cpu) => {
    const [interpreted, compiled, eager] = [run(harts, cpu, 0), run(harts, cpu, undefined), run(harts, cpu, 1000)]
    expect(interpreted.text).toContain(`netloom: done on ${harts}`)
    expect(interpreted.state).toBe('off')
    expect(compiled).toEqual(interpreted)
    expect(eager).toEqual(interpreted)
  }, 300_000)
})
