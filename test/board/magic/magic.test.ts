import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { calls, errors } from '../../../src/board/magic/calls.ts'
import { base, bench } from './fake-hart.ts'

const text = base + 0x100
const name = (words: string, put: (at: number, bytes: Uint8Array) => void): [number, number] => {
  put(text, utf8(words))
  return [text, utf8(words).length]
}

describe('magic calls', () => {
  it('do nothing without the signature in a7', () => {
    const { magic, hart, said, exits } = bench()
    for (const word of [0n, 7n, 0x4e4d_0007n, 0x4e4bn << 16n]) {
      hart.setX(17, word)
      hart.setX(10, 0x55n)
      expect(magic.hear(hart, 'magic')).toBe(false)
      expect(hart.x(10)).toBe(0x55n)
    }
    expect([said, exits]).toEqual([[], []])
  })

  it('tell the version, the time, a random number of the seed, and refuse what there is not', () => {
    const [one, other] = [bench(), bench()]
    expect(one.call(calls.probe)).toBe(1)
    expect(one.call(calls.time)).toBe(5000)
    expect(one.call(calls.random)).toBe(other.call(calls.random))
    expect(one.call(calls.random)).not.toBe(one.call(calls.random))
    expect(one.call(99)).toBe(-errors['ENOSYS'])
    expect(one.call(calls.own + 3)).toBe(-errors['ENOSYS'])
  })

  it('log, record, break and ask for a snapshot, heard while the machine stands still', () => {
    const { magic, hart, said, call } = bench()
    const heard: string[] = []
    const stop = magic.listen({ log: (words, time) => heard.push(`log ${words} ${time}`), record: (label, state) => heard.push(`record ${label} ${state}`), breakpoint: (label, at) => heard.push(`break ${label} ${at.pc}`), snapshot: (label) => heard.push(`snapshot ${label}`) })
    for (const number of [calls.log, calls.record, calls.breakpoint, calls.snapshot]) expect(call(number, ...name('here', (at, bytes) => hart.put(at, bytes)))).toBe(0)
    stop()
    call(calls.log, text, 4)
    expect(heard).toEqual(['log here 5000', 'record here a hart', 'break here 32768', 'snapshot here'])
    expect(said.map(([event]) => event)).toEqual(['magic.log', 'magic.record', 'magic.break', 'magic.snapshot', 'magic.log'])
  })

  it('count instructions between two marks, neither counted', () => {
    const { call, count, clock } = bench()
    expect(call(calls.measure, 3)).toBe(-errors['EINVAL'])
    call(calls.mark, 3)
    count.retired += 41
    clock.now = 5041 as Instant
    expect(call(calls.measure, 3)).toBe(40)
  })

  it('end the machine with a code', () => {
    const { call, exits } = bench()
    call(calls.exit, 7)
    expect(exits).toEqual([7])
  })

  it('are open to handlers of a lab’s own', () => {
    const { magic, call } = bench()
    magic.handle(calls.own, (hart, args) => {
      hart.setX(11, 9n)
      return args[0] + args[1]
    })
    expect(call(calls.own, 3, 4)).toBe(7)
    expect(() => magic.handle(3, () => 0)).toThrow(RangeError)
  })
})

describe('files of the shared folder', () => {
  it('are written, read back, sought and measured', () => {
    const { hart, call, folder } = bench()
    const out = call(calls.open, ...name('note', (at, bytes) => hart.put(at, bytes)), 1)
    hart.put(base + 0x1000, utf8('hello'))
    expect(call(calls.write, out, base + 0x1000, 5)).toBe(5)
    expect([call(calls.size, out), call(calls.close, out), call(calls.close, out)]).toEqual([5, 0, -errors['EBADF']])
    expect(folder.files.get('note')).toEqual(utf8('hello'))
    const into = call(calls.open, text, 4, 0)
    expect(call(calls.seek, into, 1)).toBe(0)
    expect(call(calls.read, into, base + 0x2000, 100)).toBe(4)
    expect([...hart.memory.subarray(0x2000, 0x2005)]).toEqual([...utf8('ello'), 0xa5])
    expect(call(calls.read, into, base + 0x2000, 100)).toBe(0)
  })

  it('refuse what leads out, what is not there, and everything when nothing is shared', () => {
    const { hart, call } = bench()
    expect(call(calls.open, ...name('../etc/passwd', (at, bytes) => hart.put(at, bytes)), 0)).toBe(-errors['EACCES'])
    expect(call(calls.open, ...name('none', (at, bytes) => hart.put(at, bytes)), 0)).toBe(-errors['ENOENT'])
    const closed = bench(false)
    expect(closed.call(calls.open, ...name('x', (at, bytes) => closed.hart.put(at, bytes)), 1)).toBe(-errors['EACCES'])
  })

  it('are thirty-two at most', () => {
    const { hart, call } = bench()
    const [at, length] = name('many', (where, bytes) => hart.put(where, bytes))
    for (let count = 0; count < 32; count++) expect(call(calls.open, at, length, 1)).toBe(count)
    expect(call(calls.open, at, length, 1)).toBe(-errors['EMFILE'])
  })

  it('survive arguments that mean harm', () => {
    const { hart, call } = bench()
    const handle = call(calls.open, ...name('x', (at, bytes) => hart.put(at, bytes)), 1)
    const harm = [0n, 1n, 0xffn, 1n << 31n, 1n << 32n, 1n << 53n, 1n << 63n, (1n << 64n) - 1n, BigInt(base), BigInt(base + 0x3f_ffff)]
    for (const number of Object.values(calls)) {
      if (number === calls.own) continue
      for (const first of [BigInt(handle), ...harm]) for (const second of harm) for (const third of [0n, 5n, 1n << 62n]) expect(Number.isNaN(call(number, first, second, third))).toBe(false)
    }
  }, 20_000)

  it('are open again after load, where they stood', () => {
    const [one, other] = [bench(), bench()]
    for (const { folder } of [one, other]) folder.files.set('f', utf8('abcdef'))
    const handle = one.call(calls.open, ...name('f', (at, bytes) => one.hart.put(at, bytes)), 0)
    one.call(calls.read, handle, base, 2)
    one.call(calls.mark, 1)
    other.magic.load(one.magic.save())
    expect(other.call(calls.read, handle, base, 2)).toBe(2)
    expect([...other.hart.memory.subarray(0, 2)]).toEqual([...utf8('cd')])
    expect(other.call(calls.random)).toBe(one.call(calls.random))
    expect(other.call(calls.measure, 1)).toBe(-1)
  })
})
