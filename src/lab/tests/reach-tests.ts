/** Tests of reachability, from a host of the lab's own: a ping, a TCP port, a page, a name. Tried over and over until it works. */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type Alarm, type Duration, seconds } from '../../base/time.ts'
import type { Host } from '../../stack/host.ts'
import { ping } from '../../stack/ping.ts'
import type { TcpSocket } from '../../stack/sockets.ts'
import * as dns from '../../wire/dns.ts'
import { formatData, types } from '../../wire/dns-data.ts'
import { type Decide, tryEvery, type Watch, type Witnesses } from './watch.ts'

/** Addresses are dotted or of IPv6, or nodes by name. */
export type Reach =
  | { readonly kind: 'ping'; readonly target: string }
  | { readonly kind: 'tcp'; readonly target: string; readonly port: number }
  | { readonly kind: 'http'; readonly target: string; readonly port: number; readonly path: string; readonly status: number; readonly body: string | undefined }
  | { readonly kind: 'dns'; readonly server: string; readonly name: string; readonly answer: string | undefined }

/** How long one try may take. */
const patience: Duration = seconds(2)
/** Longest page that is looked at. */
const longestPage = 1 << 20

export function watchReach({ network, reach }: { readonly network: string; readonly reach: Reach }, witnesses: Witnesses, decide: Decide): Watch {
  return new ReachWatch(network, reach, witnesses, decide)
}

class ReachWatch implements Watch {
  readonly #host: Host
  readonly #reach: Reach
  readonly #witnesses: Witnesses
  readonly #decide: Decide
  readonly #alarm: Alarm
  /** Ends the try under way; undefined between tries. */
  #abandon: (() => void) | undefined
  #last = 'nothing was tried'
  #stopped = false

  constructor(network: string, reach: Reach, witnesses: Witnesses, decide: Decide) {
    this.#host = witnesses.prober(network)
    this.#reach = reach
    this.#witnesses = witnesses
    this.#decide = decide
    this.#alarm = witnesses.scheduler.alarm(`probe ${network} ${JSON.stringify(reach)}`, () => this.#ring())
    this.#alarm.arm(tryEvery)
  }

  missing(): string {
    return `${describe(this.#reach)}: ${this.#last}`
  }

  stop(): void {
    this.#stopped = true
    this.#alarm.disarm()
    this.#abandon?.()
    this.#abandon = undefined
  }

  #ring(): void {
    if (this.#abandon !== undefined) {
      this.#abandon()
      return this.#failed('no answer')
    }
    const named = this.#reach.kind === 'dns' ? this.#reach.server : this.#reach.target
    const address = /^\d|:/.test(named) ? named : this.#witnesses.leases(named)[0]
    if (address === undefined) return this.#failed(`${named} has no address`)
    this.#alarm.arm(patience)
    if (this.#reach.kind === 'ping') this.#ping(address)
    else if (this.#reach.kind === 'dns') this.#ask(address, this.#reach)
    else this.#connect(address, this.#reach)
  }

  #passed(what: string): void {
    this.#decide('passed', this.#witnesses.scheduler.now, `${describe(this.#reach)}: ${what}`)
    this.stop()
  }

  #failed(why: string): void {
    this.#abandon = undefined
    this.#last = why
    if (!this.#stopped) this.#alarm.arm(tryEvery)
  }

  #ping(address: string): void {
    let over = false
    this.#abandon = () => (over = true)
    ping(this.#host, this.#witnesses.scheduler, address, { count: 1, timeout: seconds(1) }, ({ received }) => {
      if (over) return
      if (received > 0) this.#passed(`${address} answers`)
      else this.#failed(`${address} does not answer`)
    })
  }

  #connect(address: string, reach: Reach & { readonly kind: 'tcp' | 'http' }): void {
    const socket: TcpSocket = this.#host.connect({ address, port: reach.port })
    let heard: Uint8Array[] = []
    let over = false
    const end = (): void => {
      over = true
      heard = []
      socket.destroy()
    }
    this.#abandon = end
    socket.on('error', (error) => !over && (end(), this.#failed(error.code ?? error.message)))
    socket.on('connect', () => {
      if (reach.kind === 'http') return void socket.write(utf8(`GET ${reach.path} HTTP/1.1\r\nHost: ${written(address)}\r\nConnection: close\r\nUser-Agent: netloom-test\r\n\r\n`))
      end()
      this.#passed('it is open')
    })
    if (reach.kind === 'tcp') return
    socket.on('data', (bytes) => void (heard.reduce((sum, part) => sum + part.length, 0) < longestPage && heard.push(bytes.slice())))
    const judge = (): void => {
      if (over) return
      const page = fromUtf8(Uint8Array.from(heard.flatMap((part) => [...part])))
      end()
      this.#judge(page, reach)
    }
    socket.on('end', judge)
    socket.on('close', judge)
  }

  #judge(page: string, { status, body }: Reach & { readonly kind: 'http' }): void {
    const said = /^HTTP\/1\.[01] (\d{3})/.exec(page)?.[1]
    if (said !== String(status)) return this.#failed(said === undefined ? 'what answers does not speak HTTP' : `status ${said}`)
    if (body !== undefined && !page.slice(page.indexOf('\r\n\r\n') + 4).includes(body)) return this.#failed(`the page does not say ${JSON.stringify(body)}`)
    this.#passed(`status ${said}`)
  }

  #ask(server: string, { name, answer }: Reach & { readonly kind: 'dns' }): void {
    const type = answer?.includes(':') === true ? types.aaaa : types.a
    const socket = this.#host.bind({ address: server.includes(':') ? '::' : '0.0.0.0', port: 0 }, (payload) => {
      const said = readAnswer(payload, name, type)
      if (said === undefined) return
      this.#abandon?.()
      if (typeof said === 'string') return this.#failed(said)
      if (answer !== undefined ? said.includes(answer) : said.length > 0) this.#passed(`it is ${said.join(', ')}`)
      else this.#failed(said.length === 0 ? 'it has no address' : `it is ${said.join(', ')}`)
    })
    this.#abandon = () => socket.close()
    socket.send(dns.build({ id: 0x6e6c, response: false, opcode: dns.opcodes.query, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: false, authenticData: false, checkingDisabled: false, rcode: 0, questions: [{ name, type, class: dns.classes.internet }], answers: [], authorities: [], additionals: [], edns: undefined }), { address: server, port: dns.serverPort })
  }
}

/** Addresses, or why there are none; undefined for what is no answer to us. */
function readAnswer(payload: Uint8Array, name: string, type: number): readonly string[] | string | undefined {
  try {
    const message = dns.parse(payload)
    if (!message.response || message.questions[0]?.name.toLowerCase().replace(/\.$/, '') !== name.toLowerCase().replace(/\.$/, '')) return undefined
    if (message.rcode !== 0) return message.rcode === dns.rcodes.noSuchName ? 'there is no such name' : `refused with code ${message.rcode}`
    return message.answers.filter((record) => record.type === type).map((record) => formatData(record.data))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function describe(reach: Reach): string {
  if (reach.kind === 'dns') return `${reach.name} asked at ${reach.server}`
  if (reach.kind === 'ping') return `ping ${reach.target}`
  return reach.kind === 'tcp' ? `${reach.target} port ${reach.port}` : `http://${written(reach.target)}:${reach.port}${reach.path}`
}

/** As in a URL. */
const written = (address: string): string => (address.includes(':') ? `[${address}]` : address)
