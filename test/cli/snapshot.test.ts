import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
const snapshot = bench.file('echo.nlsnap')
const lease = bench.write('lease.yaml', 'name: lease\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 } } }\nnodes: { a: { program: hello, memory: 2M, networks: [lan] } }\n')

beforeAll(async () => void (await bench.spawn(undefined, 'up', 'echo.yaml', '-d')))
afterAll(async () => {
  await bench.call('down', '--all').catch(() => undefined)
  bench.remove()
})

/** What the console says until it has said `text`. */
function hear(typed: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(bench.file('a.sock'), () => socket.write(typed))
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      if (heard.includes(text)) socket.destroy()
    })
    socket.on('close', () => resolve(heard))
  })
}

describe('a lab that is saved and brought back', () => {
  it('is saved while it runs, and runs on', async () => {
    expect(await hear('one', 'one')).toBe('ready\none')
    expect(await bench.call('save', snapshot)).toMatchObject({ code: 0, out: expect.stringMatching(/^echo-test is saved as of \d+\.\d+s, \d+\.\d MB in .*echo\.nlsnap; netloom restore .*echo\.nlsnap\n$/) })
    expect(existsSync(snapshot)).toBe(true)
    expect(await hear('two', 'two')).toBe('ready\nonetwo')
  })

  it('is not saved over something else without being asked', async () => {
    expect(await bench.call('save', snapshot)).toMatchObject({ code: 3, err: expect.stringContaining('is there already') })
    expect(await bench.call('save', snapshot, '-y')).toMatchObject({ code: 0 })
  })

  it('has said what it had said, and hears what is typed', async () => {
    expect(await bench.call('down')).toMatchObject({ code: 0 })
    expect(await bench.spawn(undefined, 'restore', 'echo.nlsnap', '-d')).toMatchObject({ code: 0, out: expect.stringContaining('echo-test is running') })
    expect(await hear('three', 'three')).toBe('ready\nonetwothree')
    expect(readFileSync(bench.file('a.log'), 'utf8')).toBe('ready\nonetwothree')
    expect(await bench.call('down')).toMatchObject({ code: 0 })
  })

  it('goes its way from the command line with one hash, under another name too', async () => {
    const file = bench.file('lease.nlsnap')
    const whole = await bench.call('up', lease, '--save-at', `50us=${file}`)
    expect(whole).toMatchObject({ code: 0, err: expect.stringContaining('lease.nlsnap\n') })
    const hash = /run ([0-9a-f]{16})/.exec(whole.err)?.[1]
    const back = await bench.call('up', '--from', file)
    expect(back).toMatchObject({ code: 0, out: whole.out })
    expect(/run ([0-9a-f]{16})/.exec(back.err)?.[1]).toBe(hash)
    expect(await bench.call('fork', file, '--name', 'second', '--seed', '2')).toMatchObject({ code: 0, err: expect.stringMatching(/^second: every node is off/) })
  })

  it('says what it can’t do', async () => {
    expect(await bench.call('up', bench.file('hello.yaml'), '--save-at', '3s')).toMatchObject({ code: 2, err: expect.stringContaining('names no file') })
    expect(await bench.call('up', bench.file('hello.yaml'), '--from', snapshot)).toMatchObject({ code: 2, err: expect.stringContaining('a snapshot knows its lab file') })
    expect(await bench.call('fork', snapshot)).toMatchObject({ code: 2, err: expect.stringContaining('a fork differs in its seed or its name') })
    expect(await bench.call('restore', bench.file('hello.yaml'))).toMatchObject({ code: 2, err: expect.stringContaining('is no snapshot of a lab') })
    const late = await bench.call('up', bench.file('hello.yaml'), '--save-at', `1h=${bench.file('late.nlsnap')}`)
    expect(late).toMatchObject({ code: 2, err: expect.stringContaining('there was no moment for it from 3600.000000s on') })
    expect(existsSync(bench.file('late.nlsnap'))).toBe(false)
  })
})
