/** What `up` shows and hears: one console taken over by this terminal, or all of them line by line, over a status line. */
import { formatTime } from '../base/time.ts'
import type { Driver } from '../host/driver.ts'
import type { Lab } from '../lab/lab.ts'
import { ConsolePrint } from './console-print.ts'
import type { UpOptions } from './options.ts'
import { StatusLine } from './status-line.ts'
import { type Attached, attachTerminal } from './terminal.ts'

/** The status line is drawn anew so often, in milliseconds. */
const beat = 250

export class UpScreen {
  readonly #lab: Lab
  readonly #node: string | undefined
  readonly #raw: string | undefined
  readonly #quiet: boolean
  readonly #status = new StatusLine(process.stderr)
  readonly #leavers: (() => void)[] = []
  #print: ConsolePrint | undefined
  #attached: Attached | undefined
  #driver: Driver | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(lab: Lab, options: UpOptions, detached: boolean) {
    this.#lab = lab
    this.#quiet = options.quiet === true || detached
    const machines = [...lab.machines.values()]
    const [only] = machines
    const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true && !detached
    const sole = machines.length === 1 ? only.name : undefined
    // A built-in program listens to nobody, so its console needs no hands.
    const wanted = options.console ?? (interactive && only?.plan.boot.kind !== 'program' ? sole : undefined)
    this.#node = detached ? undefined : wanted
    this.#raw = this.#node ?? sole
  }

  /** Somebody can type. */
  get attended(): boolean {
    return this.#node !== undefined
  }

  open(driver: Driver): void {
    this.#driver = driver
    // Standard output is a serial port's.
    if ([...this.#lab.machines.values()].some(({ plan }) => plan.serials?.some(({ ends }) => ends.some(({ kind }) => kind === 'stdio')))) return
    if (this.#node !== undefined) this.#attach(this.#node)
    else if (this.#raw !== undefined) this.#bare(this.#raw)
    else this.#lines()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#attached?.leave()
    for (const leave of this.#leavers.splice(0)) leave()
    this.#status.clear()
    this.#print?.flush()
  }

  #attach(node: string): void {
    if (!this.#quiet && process.stdin.isTTY === true) process.stderr.write(`console of ${node}: Ctrl-] leaves it, then Ctrl-C stops the lab\r\n`)
    this.#bare(node)
    this.#attached = attachTerminal(
      (bytes) => this.#driver?.type(node, bytes),
      (how) => how === 'key' && this.#detach(node),
    )
  }

  /** The terminal is the user's again; the lab goes on. */
  #detach(node: string): void {
    for (const leave of this.#leavers.splice(0)) leave()
    process.stderr.write(`\r\nleft the console of ${node}; "netloom console ${node}" in any terminal returns to it, Ctrl-C stops the lab\n`)
    this.#lines()
  }

  /** One console as it is, byte for byte. */
  #bare(node: string): void {
    const transcript = this.#lab.machines.get(node)?.transcript
    if (transcript === undefined) return
    // Of a lab that was brought back; any other has said nothing yet.
    process.stdout.write(transcript.bytes)
    this.#leavers.push(transcript.listen((bytes) => process.stdout.write(bytes.slice())))
  }

  #lines(): void {
    const names = [...this.#lab.machines.keys()]
    const print = new ConsolePrint(names, (text) => this.#status.above(() => process.stdout.write(text)))
    this.#print = print
    for (const [node, { transcript }] of this.#lab.machines) this.#leavers.push(transcript.listen((bytes) => print.hear(node, bytes)))
    if (this.#quiet || !this.#status.alive) return
    this.#timer = setInterval(() => this.#status.show(this.#summary()), beat)
  }

  #summary(): string {
    const states = [...this.#lab.machines.values()].map((island) => island.state)
    const count = (state: string): number => states.filter((one) => one === state).length
    const parts = ['running', 'idle', 'waiting', 'off'].filter((state) => count(state) > 0).map((state) => `${count(state)} ${state}`)
    return `${this.#lab.topology.name}  ${formatTime(this.#lab.now)}  ${parts.join(', ')}  ${(this.#lab.retired / 1e6).toFixed(0)} M instructions  Ctrl-C stops`
  }
}
