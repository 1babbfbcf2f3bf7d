/** Magic instructions with a real guest: Debian's kernel and busybox hold none by chance, and copies and commands work in both directions, the same when replayed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { magicWord } from '../../src/cpu/isa/magic.ts'
import { serveGuest } from '../../src/host/guest-server.ts'
import { GuestFrames } from '../../src/host/guest-frames.ts'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { formatInput, parseInputs, replayInput } from '../../src/host/inputs.ts'
import { openLab } from '../../src/host/open-lab.ts'
import type { MessageEntry } from '../../src/lab/door.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { GuestJob, GuestResult } from '../../src/lab/magic/guest-link.ts'

let folder = ''
const open: Lab[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-magic-'))
  writeFileSync(join(folder, 'lab.yaml'), `
name: magic
sim: { seed: 42 }
nodes:
  node1: { boot: kernel, kernel: linux, initrd: initramfs, cmdline: console=ttyS0 cryptomgr.notests quiet, memory: 256M, magic: { share: ., write: true } }
`)
})

afterAll(() => {
  for (const lab of open) lab.close('done')
  rmSync(folder, { recursive: true, force: true })
})

async function start(): Promise<Lab> {
  const { lab } = await openLab({ file: join(folder, 'lab.yaml') })
  open.push(lab)
  return lab
}

/** Runs until it is so, at most a minute of virtual time further. */
function runUntil(lab: Lab, so: () => boolean): void {
  const end = lab.now + 60e9
  while (!so()) {
    if (lab.now > end) throw new Error('nothing came of it')
    lab.run((Math.max(lab.now, lab.next ?? 0) + 10_000_000) as Instant, () => true)
  }
}

interface Answer extends GuestResult {
  readonly out: string
  readonly errors: string
}

/** Without a socket: what the control connection would carry. */
function ask(lab: Lab, job: GuestJob, file?: string): Answer {
  const frames = new GuestFrames()
  let [out, errors, result]: [string, string, GuestResult | undefined] = ['', '', undefined]
  const reply = serveGuest(lab, { node: 'node1', job, file }, () => undefined)
  const socket = {
    destroyed: false, on: () => undefined, end: () => undefined, destroy: () => undefined,
    write: (bytes: Uint8Array) => {
      for (const frame of frames.feed(bytes)) {
        if (frame.kind === 'data') out += Buffer.from(frame.bytes).toString()
        if (frame.kind === 'complaint') errors += Buffer.from(frame.bytes).toString()
        if (frame.kind === 'result') result = JSON.parse(Buffer.from(frame.bytes).toString()) as GuestResult
      }
    },
  }
  reply.stream?.(socket as never, new Uint8Array(0))
  runUntil(lab, () => result !== undefined)
  return { ...(result as unknown as GuestResult), out, errors }
}

const run = (lab: Lab, ...words: string[]): Answer => ask(lab, { do: 'run', words, input: false })

describe('the magic word', () => {
  it('stands nowhere in Debian’s kernel, U-Boot, OpenSBI or busybox, at no even address, and semihosting’s sequence only where it is meant', async () => {
    const store = new ImageStore({})
    const found: string[] = []
    for (const name of ['linux', 'busybox', 'opensbi', 'u-boot', 'u-boot-s']) {
      const { bytes } = await store.open(name)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = 0; at + 4 <= bytes.length; at += 2) {
        const word = view.getUint32(at, true)
        if (word === magicWord) found.push(`${name} ${at.toString(16)}: the word`)
        if (word === 0x0010_0073 && at >= 4 && at + 8 <= bytes.length && view.getUint32(at - 4, true) === 0x01f0_1013 && view.getUint32(at + 4, true) === 0x4070_5013) found.push(`${name} ${at.toString(16)}: the sequence`)
      }
    }
    store.close()
    // OpenSBI has a console by semihosting, which it looks for at its start: that is no accident.
    expect(found.filter((one) => !/^opensbi.*sequence/.test(one))).toEqual([])
  }, 120_000)
})

describe('a Debian guest with magic', () => {
  it('runs commands, takes and gives files, and does the same when what came in is replayed', async () => {
    const lab = await start()
    const entries: MessageEntry[] = []
    lab.door.hearMessages((entry) => void entries.push(entry))
    runUntil(lab, () => lab.machines.get('node1')?.transcript.text.includes('shell ready') === true)
    expect(run(lab, 'sh', '-c', 'uname -m; echo bad >&2; exit 7')).toMatchObject({ code: 7, out: 'riscv64\n', errors: 'bad\n' })
    expect(run(lab, 'nonsense')).toMatchObject({ code: 127, trouble: 'nonsense: ENOENT' })
    expect(run(lab, 'sh', '-c', 'kill -9 $$').code).toBe(137)
    expect(run(lab, 'sh', '-c', 'yes | head -c 300000').out.length).toBe(300_000)
    const bytes = Uint8Array.from({ length: 5_000_001 }, (_, at) => (at * 2_654_435_761) >>> 13)
    writeFileSync(join(folder, 'there'), bytes)
    expect(ask(lab, { do: 'put', path: '/tmp', name: 'there', mode: 0o640 }, join(folder, 'there'))).toMatchObject({ code: 0, bytes: bytes.length })
    expect(run(lab, 'stat', '-c', '%a %s', '/tmp/there').out).toBe('640 5000001\n')
    expect(ask(lab, { do: 'get', path: '/tmp/there' }, join(folder, 'back'))).toMatchObject({ code: 0, bytes: bytes.length })
    expect(Buffer.compare(readFileSync(join(folder, 'back')), bytes)).toBe(0)
    expect(ask(lab, { do: 'get', path: '/none' }, join(folder, 'none'))).toMatchObject({ code: 2, trouble: '/none: ENOENT' })
    expect(run(lab, '/netloom/magic', 'send', '/tmp/there', 'sent').code).toBe(0)
    expect(Buffer.compare(readFileSync(join(folder, 'sent')), bytes)).toBe(0)
    expect(run(lab, '/netloom/magic', 'fetch', '../../etc/passwd', '/tmp/x').code).toBe(1)
    const end = (lab.now + 1e9) as Instant
    lab.run(end, () => true)

    const again = await start()
    const inputs = parseInputs(entries.map((entry) => formatInput({ kind: 'guest', ...entry })).join(''))
    for (const input of inputs) replayInput(again, input)
    again.run(end, () => true)
    expect(again.digest).toBe(lab.digest)
  }, 180_000)
})
