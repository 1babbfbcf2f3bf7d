import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { printer } from './tiny-guests.ts'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

describe('netloom diff', () => {
  it('says that two runs of one seed are the same', async () => {
    const first = await bench.call('up', bench.file('hello.yaml'), '--keep', bench.file('run1'), '-q')
    const second = await bench.call('test', bench.file('hello.yaml'), '--keep', bench.file('run2'), '-q')
    expect([first.code, second.code]).toEqual([0, 0])
    const card = JSON.parse(readFileSync(bench.file('run1/run.json'), 'utf8')) as { digest: string; lab: string; end: unknown; lanes: Record<string, string> }
    expect(card).toMatchObject({ format: 1, lab: 'hello-test', seed: '0', end: { reason: 'off' } })
    expect(Object.keys(card.lanes)).toEqual(['a console', 'a power'])
    expect(readFileSync(bench.file('run1/consoles/a.log'), 'latin1')).toBe('hello\n')
    expect(existsSync(bench.file('run1/frames.pcapng'))).toBe(true)
    expect(await bench.call('diff', bench.file('run1'), bench.file('run1'))).toMatchObject({ code: 0, out: `the same run: ${card.digest}\n` })
  })

  it('names the first byte in which two runs part, and ends with 1', async () => {
    bench.write('hallo.bin', printer('hallo\n'))
    const file = bench.write('hallo.yaml', readFileSync(bench.file('hello.yaml'), 'utf8').replace('hello.bin', 'hallo.bin'))
    await bench.call('up', file, '--keep', bench.file('run3'), '-q')
    const { code, out } = await bench.call('diff', bench.file('run1'), bench.file('run3'))
    expect(code).toBe(1)
    expect(out).toContain('in console of a, byte 2\n')
    expect(out).toContain('run1: "e" in "hello"\n')
    expect(JSON.parse((await bench.call('diff', bench.file('run1'), bench.file('run3'), '--format', 'json')).out)).toMatchObject({ same: false, difference: { where: 'console of a, byte 2' } })
  })

  it('refuses a folder without a run, and one that is of another version', async () => {
    expect(await bench.call('diff', bench.path, bench.file('run1'))).toMatchObject({ code: 2, err: expect.stringContaining('holds no kept run') })
    writeFileSync(bench.file('run3/run.json'), '{"format":9}')
    expect(await bench.call('diff', bench.file('run3'), bench.file('run1'))).toMatchObject({ code: 2, err: expect.stringContaining('of another version') })
  })
})
