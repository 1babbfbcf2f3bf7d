import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

/** The run's hash. */
const digest = async (): Promise<string> => /run ([0-9a-f]{16})/.exec((await bench.call('up', bench.file('hello.yaml'), '-v')).err)?.[1] ?? ''

describe('netloom up', () => {
  it('runs a lab to its end, shows its console and says why it ended', async () => {
    const { code, out, err } = await bench.call('up', bench.file('hello.yaml'))
    expect([code, out]).toEqual([0, 'hello\n'])
    expect(err).toMatch(/^hello-test: every node is off at 0\.00\d{4}s, after \d+\.\d s here; run [0-9a-f]{16}\n$/)
  })

  it('gives the same run for the same seed', async () => {
    expect(await digest()).toMatch(/^[0-9a-f]{16}$/)
    expect(await digest()).toBe(await digest())
  })

  it('writes captures and console logs where it is told to', async () => {
    const capture = bench.file('lab.pcapng')
    const { code } = await bench.call('up', bench.file('hello.yaml'), '--capture', capture, '--logs', bench.path, '-q')
    expect(code).toBe(0)
    expect(readFileSync(bench.file('a.log'), 'latin1')).toBe('hello\n')
    expect([...readFileSync(capture).subarray(0, 4)]).toEqual([0x0a, 0x0d, 0x0d, 0x0a])
  })

  it('says what it would start, and starts nothing', async () => {
    const { code, out } = await bench.call('up', bench.file('hello.yaml'), '--dry-run')
    expect(code).toBe(0)
    expect(out).toContain('hello-test: 1 machine, 0 networks, 0 links, 1 test')
    expect(out).not.toContain('hello\n')
  })
})

describe('netloom test', () => {
  it('ends with 0 when all tests pass', async () => {
    const { code, out } = await bench.call('test', bench.file('hello.yaml'))
    expect(code).toBe(0)
    expect(out).toMatch(/^ok {4}hello: a said "hello" at 0\.00\d{4}s\n1 passed, 0 failed \(seed 0, run [0-9a-f]{16}, \d+\.\d s\)\n$/)
  })

  it('ends with 1 when one fails, and writes JUnit', async () => {
    const file = bench.write('fails.yaml', readFileSync(bench.file('hello.yaml'), 'utf8').replace('console: hello', 'console: "<never>"'))
    const { code, out } = await bench.call('test', file, '--junit', bench.file('junit.xml'))
    expect(code).toBe(1)
    expect(out).toContain('FAIL  hello: a never said "<never>" (every node is off at ')
    expect(readFileSync(bench.file('junit.xml'), 'utf8')).toContain('<failure message="a never said &quot;&lt;never&gt;&quot; (every node is off at ')
  })

  it('has a JSON form', async () => {
    const { out } = await bench.call('test', bench.file('hello.yaml'), '--format', 'json')
    expect(JSON.parse(out)).toMatchObject({ lab: 'hello-test', seed: '0', passed: 1, failed: 0, tests: [{ name: 'hello', outcome: 'passed' }] })
  })

  it('refuses a lab without tests', async () => {
    expect(await bench.call('test', bench.file('echo.yaml'))).toMatchObject({ code: 2, err: expect.stringContaining('has no tests') })
  })
})

describe('a wrong file or command ends with 2', () => {
  it('showing line and column', async () => {
    const file = bench.write('wrong.yaml', 'nodes:\n  a:\n    memroy: 64M\n')
    const { code, err } = await bench.call('validate', file)
    expect([code, err]).toEqual([2, `error: ${file}:3:5: unknown key "memroy" in nodes.a\n    3 |     memroy: 64M\n      |     ^\n  did you mean "memory"?\n`])
  })

  it('without letting the file write to the terminal', async () => {
    const file = bench.write('escape.yaml', '"\\e[31mx": 1\n')
    const { code, err } = await bench.call('validate', file)
    expect(code).toBe(2)
    expect(err).toContain('unknown key "\\x1b[31mx"')
    expect(err).not.toContain('\x1b')
  })

  it('when there is no file', async () => {
    const { code, err } = await bench.call('up', bench.file('none.yaml'))
    expect([code, err]).toEqual([2, `error: there is no file ${bench.file('none.yaml')}\n  check the name, or make one: netloom init\n`])
  })

  it('when an option is not known', async () => {
    expect(await bench.call('up', '--colour')).toMatchObject({ code: 2, err: expect.stringContaining("unknown option '--colour'") })
  })

  it('when a console is not there', async () => {
    expect(await bench.call('up', bench.file('hello.yaml'), '-c', 'b')).toMatchObject({ code: 2, err: 'error: --console: there is no node "b"\n  expected a\n' })
  })
})

describe('what the host refuses ends with 3', () => {
  it('a lab that is not running', async () => {
    expect(await bench.call('down')).toMatchObject({ code: 3, err: 'error: no lab is running\n  start one: netloom up FILE\n' })
  })

  it('an image file that is not there', async () => {
    const file = bench.write('gone.yaml', 'nodes: { a: { kernel: ./gone.bin, firmware: none, memory: 2M } }')
    expect(await bench.call('up', file)).toMatchObject({ code: 3, err: expect.stringContaining(`there is no file ${bench.file('gone.bin')}`) })
  })

  it('a capture that cannot be written', async () => {
    expect(await bench.call('up', bench.file('hello.yaml'), '--capture', bench.file('no/where.pcapng'))).toMatchObject({ code: 3, err: expect.stringContaining('cannot write the capture') })
    expect((await bench.call('ps')).out).toBe('no lab is running; netloom up starts one\n')
  })
})

describe('other commands', () => {
  it('--help lists them and costs no library', async () => {
    const { code, out } = await bench.call('--help')
    expect(code).toBe(0)
    for (const word of ['up|deploy', 'down|destroy', 'console', 'capture', 'validate', 'test', 'images', 'init']) expect(out).toContain(word)
  })

  it('init copies an example, and does not overwrite', async () => {
    const target = bench.file('lab.yaml')
    expect((await bench.call('init', 'hello', '-f', target)).code).toBe(0)
    expect(readFileSync(target, 'utf8')).toContain('name: hello')
    expect(await bench.call('init', 'hello', '-f', target)).toMatchObject({ code: 3, err: expect.stringContaining('is there already') })
    expect(await bench.call('init', 'helo', '-f', target)).toMatchObject({ code: 2, err: expect.stringContaining('did you mean "hello"?') })
  })

  it('graph draws', async () => {
    expect((await bench.call('graph', bench.file('echo.yaml'))).out).toBe('graph LR\n  net_lan(["lan<br/>10.0.0.0/24"])\n  svc_lan[/"lan"/]\n  node_a["a"]\n  node_a ---|eth0| net_lan\n  svc_lan ---|eth0| net_lan\n')
    expect((await bench.call('graph', bench.file('echo.yaml'), '--as', 'dot')).out).toContain('node_a -- net_lan [label="eth0"]')
  })

  it('images ls works without the network', async () => {
    const { code, out } = await bench.call('images', 'ls', '--format', 'json')
    expect(code).toBe(0)
    expect((JSON.parse(out) as { name: string }[]).map((row) => row.name)).toContain('u-boot')
  })

  it('the schema that ships is the one the parser uses', async () => {
    const { out } = await bench.call('schema')
    const shipped = new URL('../../topologies/netloom.schema.json', import.meta.url)
    expect(existsSync(shipped)).toBe(true)
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync(shipped, 'utf8')))
  })
})
