/** Our device tree against dtc (the device tree compiler) and, node for node, against the tree that QEMU makes for its `virt` machine. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { buildDeviceTree } from '../../src/board/device-tree.ts'
import { memoryMap } from '../../src/board/memory-map.ts'
import { virtTree } from '../../src/board/virt-tree.ts'

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const dtc = has('dtc')
const qemu = has('qemu-system-riscv64')
const folder = mkdtempSync(join(tmpdir(), 'netloom-dtc-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ours = (harts: number): Uint8Array =>
  buildDeviceTree(
    virtTree({
      harts,
      ramBytes: 0x1000_0000,
      rows: memoryMap(3),
      chosen: { bootargs: 'console=ttyS0', initrd: { start: 0x8800_0000, end: 0x8812_3456 }, rngSeed: new Uint8Array(32).fill(7), kaslrSeed: new Uint8Array(8).fill(9) },
    }),
  )

function decompile(blob: string): { source: string; complaints: string } {
  const { stdout, stderr, status } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dts', '-s', blob], { encoding: 'utf8' })
  expect(status).toBe(0)
  return { source: stdout, complaints: stderr }
}

/** Path → property → value, from dtc's text. */
function nodes(source: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>()
  const path: string[] = []
  for (const line of source.split('\n').map((each) => each.trim())) {
    if (line.endsWith('{')) {
      path.push(line.slice(0, -1).trim().replace(/^\/$/, ''))
      found.set(path.join('/') || '/', new Map())
    } else if (line === '};') path.pop()
    else if (line.endsWith(';')) {
      const [name, value = ''] = line.slice(0, -1).split(/ = (.*)/)
      found.get(path.join('/') || '/')?.set(name, value)
    }
  }
  return found
}

describe.skipIf(!dtc)(dtc ? 'device tree, by dtc' : 'device tree, by dtc (skipped: dtc is not installed)', () => {
  it('is accepted without a complaint, and comes back from its source', () => {
    const blob = join(folder, 'ours.dtb')
    writeFileSync(blob, ours(2))
    const { complaints, source } = decompile(blob)
    expect(complaints).toBe('')
    const back = execFileSync('dtc', ['-I', 'dts', '-O', 'dtb', '-'], { input: source, stdio: ['pipe', 'pipe', 'pipe'] })
    expect(back.length).toBeGreaterThan(1000)
  })

  it.skipIf(!qemu)('has every address, interrupt and compatible of QEMU’s virt', () => {
    const theirs = join(folder, 'qemu.dtb')
    execFileSync('qemu-system-riscv64', ['-M', `virt,dumpdtb=${theirs}`, '-m', '256M', '-smp', '2'], { stdio: 'ignore' })
    const blob = join(folder, 'ours.dtb')
    writeFileSync(blob, ours(2))
    expect(readFileSync(theirs).length).toBeGreaterThan(0)
    const reference = nodes(decompile(theirs).source)
    const mine = nodes(decompile(blob).source)
    const wanted = [...reference.keys()].filter((path) => /^\/(soc\/(rtc|serial|test|virtio_mmio|plic|clint)@|memory@|poweroff|reboot|cpus)/.test(path))
    expect(wanted.length).toBeGreaterThan(20)
    for (const path of wanted) {
      for (const name of ['reg', 'interrupts', 'compatible', 'device_type', 'value', 'offset', 'clock-frequency', 'timebase-frequency', '#interrupt-cells']) {
        expect(`${path} ${name} ${mine.get(path)?.get(name)}`).toBe(`${path} ${name} ${reference.get(path)?.get(name)}`)
      }
    }
  })
})
