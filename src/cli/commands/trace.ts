/** `netloom trace [FILE] --from 1.2s --to 1.201s`: what a node's harts did, instruction by instruction, with names from ELF files. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { ConfigError } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import { HostError } from '../../host/host-error.ts'
import { readHostFile } from '../../host/load-images.ts'
import { loadLab, readLab } from '../../host/open-lab.ts'
import { Session } from '../../host/session.ts'
import { type TracePlan, traceNode } from '../../lab/trace.ts'
import { duration } from '../../lab/units.ts'
import { exitCodes } from '../failure.ts'
import type { TraceOptions } from '../options.ts'
import { stopOnSignals } from '../signals.ts'

/** Text that is written at a time, in characters. */
const piece = 0x1_0000
const linesMax = 100_000_000

export async function trace(file: string | undefined, options: TraceOptions): Promise<number> {
  const [from, to] = [instant('--from', options.from), instant('--to', options.to)]
  if (to <= from) throw new ConfigError(`the window from ${options.from} to ${options.to} is empty`, undefined, '--to comes after --from')
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > linesMax) throw new ConfigError(`--limit ${options.limit} is no number of lines`, undefined, `1 to ${linesMax}`)
  const symbols = symbolsOf(options.symbols ?? [])
  const read = readLab({ file: file ?? options.file, seed: options.seed, name: options.name })
  const lab = await loadLab(read, { workers: 1 })
  const session = new Session(lab, read, { attended: false, reachable: false })
  const signals = stopOnSignals(() => session.driver.stop())
  const out = new Output(options.output)
  let lines = 0
  const stop = (): void => session.driver.stop()
  try {
    traceNode(lab, {
      node: options.node, from, to, symbols, done: stop,
      line: (text) => {
        if (lines++ < limit) out.line(text)
        else stop()
      },
    })
    await session.open()
    await session.run()
  } finally {
    session.close('the trace is done')
    signals.release()
    out.close()
  }
  if (lines > limit && options.quiet !== true) process.stderr.write(`the trace ends after ${limit} lines: more with --limit\n`)
  if (lines === 0) throw new ConfigError(`nothing ran between ${options.from} and ${options.to}`, undefined, 'the node slept, or the lab ended before; netloom events tells what happened when')
  return exitCodes.ok
}

function instant(option: string, text: string): Instant {
  if (!duration.pattern.test(text)) throw new ConfigError(`${option} ${text} is no time`, undefined, `a number with its unit, like ${duration.example}`)
  return duration.read(text) as number as Instant
}

function symbolsOf(names: readonly string[]): TracePlan['symbols'] {
  return names.map((text) => {
    const [, name, bias] = /^(.*?)(?:@(-?0x[0-9a-fA-F]{1,16}))?$/.exec(text) as RegExpExecArray
    const value = bias === undefined ? 0n : bias.startsWith('-') ? -BigInt(bias.slice(1)) : BigInt(bias)
    return { name, bytes: readHostFile(name, '.'), bias: value }
  })
}

/** Lines into a file or to standard output, in pieces. */
class Output {
  readonly #file: number
  readonly #name: string
  #text = ''
  #broken = false

  constructor(name: string | undefined) {
    this.#name = name ?? 'standard output'
    this.#file = name === undefined ? 1 : this.#try(() => openSync(name, 'w'))
  }

  line(text: string): void {
    this.#text += `${text}\n`
    if (this.#text.length >= piece) this.#flush()
  }

  close(): void {
    this.#flush()
    if (this.#file !== 1) closeSync(this.#file)
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text)
    this.#text = ''
    for (let at = 0; at < bytes.length && !this.#broken; ) at += this.#try(() => this.#write(bytes, at))
  }

  /** A pipe that is full takes nothing for the moment; one whose reader has gone never will again. */
  #write(bytes: Uint8Array, at: number): number {
    try {
      return writeSync(this.#file, bytes, at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') this.#broken = true
      else if (code !== 'EAGAIN') throw error
      return 0
    }
  }

  #try<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new HostError(code ?? 'EIO', `cannot write ${this.#name}: ${message}`, 'name another file: -o FILE', error)
    }
  }
}
