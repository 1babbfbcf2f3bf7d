import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
beforeAll(async () => {
  expect((await bench.spawn(undefined, 'up', 'echo.yaml', '-d')).code).toBe(0)
})
afterAll(async () => {
  await bench.call('down', '--all').catch(() => undefined)
  bench.remove()
})

describe('the links of a running lab', () => {
  it('are set, shown, pulled and reset', async () => {
    expect((await bench.call('link', 'set', 'a:eth0', 'delay', '10ms', 'loss', '1%')).out).toMatch(/a:eth0 +lan +link set\n/)
    expect((await bench.call('link', 'down', 'lan')).out).toMatch(/lan:eth0 +lan +link down\n/)
    expect(JSON.parse((await bench.call('link', 'show', 'a', '--format', 'json')).out)).toEqual([{ port: 'a:eth0', network: 'lan', faults: 'link set, link down' }])
    expect((await bench.call('link', 'up', 'lan', '-q')).out).toBe('')
    expect(JSON.parse((await bench.call('link', 'reset', 'lan', '--format', 'json')).out)).toEqual([{ port: 'lan:eth0', network: 'lan', faults: '' }, { port: 'a:eth0', network: 'lan', faults: '' }])
  })

  it('refuse what makes no sense', async () => {
    expect(await bench.call('link', 'set', 'a:eth9', 'loss', '1%')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "a:eth0"?') })
    expect(await bench.call('link', 'set', 'a', 'los', '1%')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "loss"?') })
    expect(await bench.call('link', 'set', 'a', 'loss', '1')).toMatchObject({ code: 2, err: expect.stringContaining('link set: loss: expected a share with its unit') })
    expect(await bench.call('link', 'set', 'a', 'loss')).toMatchObject({ code: 2, err: expect.stringContaining('needs a value') })
  })
})

describe('a running lab', () => {
  it('tells its events as JSON lines', async () => {
    const lines = (await bench.call('events')).out.trim().split('\n').map((line) => JSON.parse(line) as object)
    expect(lines[0]).toMatchObject({ time: 0, source: 'a', event: 'machine.start', severity: 'info' })
  })

  it('is explained', async () => {
    expect((await bench.call('explain', 'a')).out).toContain('a: nothing is known to be wrong; the last that happened was')
    expect(await bench.call('explain', 'b')).toMatchObject({ code: 2, err: expect.stringContaining('there is no node "b"') })
  })
})

describe('a lab file', () => {
  it('is run and explained', async () => {
    const { code, out } = await bench.call('explain', new URL('../../topologies/broken/no-boot-file.yaml', import.meta.url).pathname, 'node1', '-q')
    expect([code, out]).toEqual([0, 'node1 got 10.0.0.10 without a boot file: option 67 and `file` are empty. Add networks.lan.dhcp.boot.file.\n'])
  })
})

describe('a kept run', () => {
  it('is replayed from what was typed, to the same hash', async () => {
    const file = bench.write('typed.yaml', readFileSync(bench.file('echo.yaml'), 'utf8').replace('echo-test', 'typed').replace(/, console: \{.*?\}/, ''))
    expect((await bench.spawn('abc q', 'up', file, '-c', 'a', '--keep', 'run')).code).toBe(0)
    expect(readFileSync(bench.file('run/inputs.jsonl'), 'utf8')).toMatch(/^\{"kind":"typed","time":\d+,"node":"a","bytes":\{"\$bytes":"/)
    const { code, out } = await bench.call('replay', bench.file('run'), '--keep', bench.file('again'))
    expect([code, out]).toEqual([0, expect.stringMatching(/^typed replayed to .* from \d+ inputs \(\d+ bytes\): the same run [0-9a-f]{16}\n$/)])
    expect((await bench.call('diff', bench.file('run'), bench.file('again'))).code).toBe(0)
  })

  it('is replayed with other inputs to another hash, and says so', async () => {
    const inputs = bench.file('run/inputs.jsonl')
    bench.write('run/inputs.jsonl', readFileSync(inputs, 'utf8').replace(/"\$bytes":"[^"]+"/, `"$bytes":"${Buffer.from('xyz q').toString('base64')}"`))
    expect(await bench.call('replay', bench.file('run'))).toMatchObject({ code: 1, out: expect.stringContaining('another run') })
  })
})
