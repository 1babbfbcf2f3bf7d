/** Each end of a serial line, used by whom it was made for: screen, minicom, socat, telnet, pyserial's RFC 2217, a pty pair as a serial port, a WebSocket. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parrot } from '../lab/serial/serial-guest.ts'
import { debian, row } from './interop.ts'
import { Netns, type Started } from './netns.ts'

let netns: Netns

beforeEach(() => {
  netns = new Netns()
  writeFileSync(at('parrot.bin'), parrot())
})

afterEach(() => netns.close())

const at = (name: string): string => join(netns.folder, name)
const missing = (command: string): boolean => {
  const gone = spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0
  if (gone) console.log(`${command} is not there: its test is skipped; bash test/peers/setup.sh`)
  return gone
}

/** A guest that says back what it hears on its second port until it hears a full stop, and all that the port ends in. */
async function lab(serial: string): Promise<Started> {
  writeFileSync(at('lab.yaml'), `name: line\nnodes: { a: { kernel: ./parrot.bin, firmware: none, memory: 2M, serial: [null, { ${serial} }] } }\n`)
  const up = netns.lab('up', at('lab.yaml'))
  await up.until('the lab is not up', () => existsSync(at('run/line.sock')))
  return up
}

/** A terminal of its own, whose screen can be read: what a person would see. */
class Terminal {
  readonly #socket = at('tmux')

  constructor(command: string) {
    this.#tmux('new-session', '-d', '-x', '80', '-y', '24', command)
  }

  type(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys)
  }

  get screen(): string {
    return this.#tmux('capture-pane', '-p')
  }

  close(): void {
    netns.attempt('tmux', '-S', this.#socket, 'kill-server')
  }

  #tmux(...words: readonly string[]): string {
    return netns.attempt('tmux', '-S', this.#socket, '-f', '/dev/null', ...words).text
  }
}

async function typed(up: Started, command: string, ready: (screen: string) => boolean): Promise<void> {
  const terminal = new Terminal(command)
  try {
    await up.until(`${command} does not come up`, () => ready(terminal.screen), 15_000)
    terminal.type('-l', 'parrots talk')
    await up.until(`${command}: nothing came back\n${terminal.screen}`, () => terminal.screen.includes('parrots talk'), 15_000)
  } finally {
    terminal.close()
  }
}

describe('a pseudo terminal', () => {
  it.skipIf(missing('tmux') || missing('screen'))('is opened by screen', { timeout: 60_000 }, async () => {
    const up = await lab('pty: ./line.pty')
    await up.until('there is no pty', () => existsSync(at('line.pty')))
    await typed(up, `screen ${at('line.pty')} 9600`, (screen) => !screen.includes('$') && screen.length > 0)
    expect(await up.stop()).toBe(0)
    expect(existsSync(at('line.pty'))).toBe(false)
    row({ client: debian('screen'), service: 'serial: pty', check: 'characters there and back' })
  })

  it.skipIf(missing('tmux') || missing('minicom'))('is opened by minicom, and again by the next', { timeout: 60_000 }, async () => {
    const up = await lab('pty: { link: ./line.pty }')
    await up.until('there is no pty', () => existsSync(at('line.pty')))
    for (let times = 0; times < 2; times++) await typed(up, `minicom -o -D ${at('line.pty')}`, (screen) => screen.includes('Welcome'))
    row({ client: debian('minicom'), service: 'serial: pty', check: 'characters there and back, twice' })
  })
})

describe('sockets and pipes', () => {
  it('speak with socat over TCP, a unix socket and named pipes, all at one port', { timeout: 60_000 }, async () => {
    const up = await lab('tcp: 5001, unix: ./line.sock, fifo: ./line, log: ./line.log')
    await up.until('nobody listens', () => existsSync(at('line.sock')))
    for (const [name, address] of [['TCP', 'TCP:127.0.0.1:5001'], ['UNIX', `UNIX-CONNECT:${at('line.sock')}`]]) {
      expect(netns.run('sh', '-c', `(echo "by ${name}"; sleep 1) | timeout 20 socat - ${address}`)).toContain(`by ${name}`)
    }
    expect(netns.run('sh', '-c', `timeout 10 head -n 1 ${at('line.out')} & sleep 0.5; echo by pipe >${at('line.in')}; wait`)).toContain('by pipe')
    expect(readFileSync(at('line.log'), 'utf8')).toMatch(/^by TCP\nby UNIX\nby pipe\n$/)
    row({ client: debian('socat'), service: 'serial: tcp, unix, fifo', check: 'lines there and back' })
  })

  it('connect to whom listens, and again when he is gone', { timeout: 60_000 }, async () => {
    const up = await lab('tcp: { connect: "127.0.0.1:5001" }')
    for (const word of ['first', 'second']) expect(netns.run('sh', '-c', `(sleep 3; echo ${word}; sleep 1) | timeout 20 socat - TCP-LISTEN:5001,reuseaddr`)).toContain(word)
    expect(up.child.exitCode).toBe(null)
    row({ client: debian('socat'), service: 'serial: tcp, connecting', check: 'connected to twice' })
  })

  it('take standard input and output', { timeout: 60_000 }, async () => {
    writeFileSync(at('lab.yaml'), 'name: line\nnodes: { a: { kernel: ./parrot.bin, firmware: none, memory: 2M, serial: [null, { stdio: true }] } }\n')
    const up = netns.lab('up', at('lab.yaml'), '-q')
    up.child.stdin?.write('from a script')
    await up.says('from a script')
    up.child.stdin?.write('.')
    await up.until('it does not end', () => up.text.includes('.'))
  })

  it('give a WebSocket what is said, and no page of the web', { timeout: 60_000 }, async () => {
    await lab('websocket: 5003')
    const client = `import { WebSocket } from ${JSON.stringify(resolve('node_modules/ws/wrapper.mjs'))}
      const open = (origin) => new WebSocket('ws://127.0.0.1:5003/', origin === undefined ? {} : { origin })
      const evil = open('https://example.org')
      evil.on('error', (error) => console.log('refused', error.message))
      let text = ''
      const socket = open()
      socket.on('open', () => socket.send(Buffer.from('by frame')))
      socket.on('message', (data, binary) => { text += data; if (text === 'by frame') { console.log(text, binary); socket.close() } })
      socket.on('close', (code) => setTimeout(() => process.exit(0), 200))`
    const said = netns.run('sh', '-c', `for i in 1 2 3 4 5 6 7 8 9 10; do (echo >/dev/tcp/127.0.0.1/5003) 2>/dev/null && break; sleep 0.2; done; timeout 20 node --input-type=module -e '${client.replaceAll("'", `'\\''`)}'`)
    expect(said).toContain('by frame true')
    expect(said).toContain('refused Unexpected server response: 401')
    row({ client: 'ws', service: 'serial: websocket', check: 'frames there and back; another origin is refused' })
  })
})

describe('telnet', () => {
  it.skipIf(missing('tmux') || missing('telnet'))('has a character at a time, and no echo of its own', { timeout: 60_000 }, async () => {
    const up = await lab('telnet: 5002')
    await typed(up, 'telnet 127.0.0.1 5002', (screen) => screen.includes('Escape character'))
    row({ client: debian('telnet', 'inetutils-telnet'), service: 'serial: telnet', check: 'character mode, characters there and back' })
  })

  it.skipIf(spawnSync('/usr/bin/python3', ['-c', 'import serial']).status !== 0)('is a serial port by RFC 2217: rate, modem lines and breaks', { timeout: 60_000 }, async () => {
    await lab('telnet: 5002')
    writeFileSync(at('port.py'), `import serial, time
port = serial.serial_for_url('rfc2217://127.0.0.1:5002', baudrate=9600, timeout=5)
port.write(b'by \\xff\\r\\n2217')
print(repr(port.read(10)))
port.break_condition = True
port.break_condition = False
print(repr(port.read(1)))
print(port.cts, port.dsr, port.cd)
port.baudrate = 57600
port.dtr = False
port.rts = False
port.write(b'x')
print(repr(port.read(1)))
port.close()
`)
    expect(netns.run('timeout', '30', '/usr/bin/python3', at('port.py'))).toBe("b'by \\xff\\r\\n2217'\nb'!'\nTrue True True\nb'x'\n")
    row({ client: debian('pyserial', 'python3-serial'), service: 'serial: telnet, RFC 2217', check: 'rate, modem lines, break, binary bytes' })
  })
})

describe('a serial port of the host', () => {
  it('is led to the guest (a pty pair stands for it)', { timeout: 60_000 }, async () => {
    const pair = netns.start('socat', `pty,raw,echo=0,link=${at('com')}`, `pty,raw,echo=0,link=${at('far')}`)
    await pair.until('no pair', () => existsSync(at('com')) && existsSync(at('far')))
    const up = await lab('device: ./com')
    expect(netns.run('sh', '-c', `(sleep 1; echo by wire; sleep 2) | timeout 20 socat - ${at('far')},raw,echo=0`)).toContain('by wire')
    expect(await up.stop()).toBe(0)
    row({ client: debian('socat'), service: 'serial: device', check: 'a pty pair as the port' })
  })
})
