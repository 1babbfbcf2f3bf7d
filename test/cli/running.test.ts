import { readFileSync, existsSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open } from '../../src/host/control-client.ts'
import { BenchFolder, type Outcome } from './bench-folder.ts'

const bench = new BenchFolder()
let started: Outcome

beforeAll(async () => {
  started = await bench.spawn(undefined, 'up', 'echo.yaml', '-d')
})
afterAll(async () => {
  await bench.call('down', '--all').catch(() => undefined)
  bench.remove()
})

/** What comes from a socket until it has said `text`. */
function hear(path: string, typed: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(path, () => socket.write(typed))
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      if (heard.includes(text)) socket.destroy()
    })
    socket.on('close', () => resolve(heard))
  })
}

describe('a lab in the background', () => {
  it('says that it is there', () => {
    expect(started).toMatchObject({ code: 0, out: expect.stringMatching(/^echo-test is running \(process \d+\); netloom ps, netloom console NODE, netloom down\n$/) })
  })

  it('is listed', async () => {
    const { out } = await bench.call('ps', '--format', 'json')
    expect(JSON.parse(out)).toMatchObject([{ name: 'echo-test', file: bench.file('echo.yaml'), nodes: [{ node: 'a', kind: 'rv64', state: 'running' }, { node: 'lan', kind: 'service', addresses: '10.0.0.1' }] }])
  })

  it('is not started twice', async () => {
    expect(await bench.call('up', bench.file('echo.yaml'))).toMatchObject({ code: 3, err: 'error: a lab called echo-test is running already\n  netloom down echo-test, or give this one another name: --name\n' })
  })

  it('answers at its console socket, to whoever comes, and shows him what was said', async () => {
    expect(await hear(bench.file('a.sock'), 'one', 'one')).toBe('ready\none')
    expect(await hear(bench.file('a.sock'), 'two', 'two')).toBe('ready\nonetwo')
  })

  it('has tables', async () => {
    const { out } = await bench.call('inspect', 'ports', '--format', 'json')
    expect((JSON.parse(out) as { port: string }[]).map((row) => row.port)).toEqual(['lan:eth0', 'a:eth0'])
    expect(await bench.call('inspect', 'port')).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "ports"?') })
  })

  it('tells what its parts said, and what a console said', async () => {
    expect((await bench.call('logs')).out).toMatch(/0\.000000s {2}info {3}a: a starts\n/)
    expect((await bench.call('logs', 'a')).out).toBe('ready\nonetwo')
    expect(await bench.call('logs', 'b')).toMatchObject({ code: 2 })
  })

  it('is followed: its console, and its parts, for as long as somebody wants to know', async () => {
    const { socket, value, rest } = await open('echo-test', { do: 'logs', node: 'a', follow: true })
    expect(value).toBe('ready\nonetwo')
    let heard = Buffer.from(rest).toString('latin1')
    const four = new Promise<void>((resolve) => socket.on('data', (bytes) => (heard += bytes.toString('latin1')) === 'four' && resolve()))
    socket.resume()
    await hear(bench.file('a.sock'), 'four', 'four')
    await four
    socket.destroy()
    const parts = await open('echo-test', { do: 'logs', follow: true })
    expect(parts.value).toMatchObject([{ message: 'a starts' }])
    parts.socket.destroy()
  })

  it('is typed at from a pipe, ends with its guest, and leaves nothing behind', async () => {
    const capture = bench.spawn(undefined, 'capture', 'lan', '-w', 'live.pcapng')
    await expect.poll(() => existsSync(bench.file('live.pcapng')), { timeout: 10_000 }).toBe(true)
    const { code, out } = await bench.spawn('three q', 'console', 'a')
    expect([code, out]).toEqual([0, 'ready\nonetwofourthree q'])
    expect(await capture).toMatchObject({ code: 0, err: expect.stringMatching(/^\d+ bytes in live\.pcapng\n$/) })
    await expect.poll(async () => (await bench.call('ps', '--format', 'json')).out).toBe('[]\n')
    expect(existsSync(bench.file('a.sock'))).toBe(false)
    expect(readFileSync(bench.file('a.log'), 'latin1')).toBe('ready\nonetwofourthree q')
  })

  it('is stopped by down', async () => {
    expect((await bench.spawn(undefined, 'up', 'echo.yaml', '-d')).code).toBe(0)
    expect(await bench.call('down')).toMatchObject({ code: 0, out: 'echo-test is down\n' })
    expect(existsSync(bench.file('a.sock'))).toBe(false)
  })
})
