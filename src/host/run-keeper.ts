/** Keeps a whole run in a folder while it happens: every frame, every console with its stamps, and at the end its hash. Read back by kept-run.ts. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { copyFrame } from '../link/frame.ts'
import type { Lab } from '../lab/lab.ts'
import { formatStamps, LineStamper } from '../lab/runs/line-stamps.ts'
import { type RunCard, runCard } from '../lab/runs/run-card.ts'
import { copyEvent } from '../lab/snapshot/history.ts'
import type { Transcript } from '../lab/transcript.ts'
import { HostError } from './host-error.ts'
import { formatInput, type Input } from './inputs.ts'

/** Names in a kept run's folder. */
export const runNames = { card: 'run.json', frames: 'frames.pcapng', consoles: 'consoles', inputs: 'inputs.jsonl' } as const

export class RunKeeper {
  readonly folder: string
  readonly #lab: Lab
  readonly #files: number[] = []
  readonly #stops: (() => void)[] = []
  readonly #file: string
  /** What uplinks, NATs and guests' agents were given. */
  readonly #frames: Input[] = []

  /** @param file the lab file. From now on; the lab must not have run yet. @throws {HostError} when the folder can't be written. */
  constructor(lab: Lab, folder: string, file: string) {
    this.folder = folder
    this.#file = resolve(file)
    this.#lab = lab
    try {
      mkdirSync(join(folder, runNames.consoles), { recursive: true })
      const frames = this.#open(runNames.frames)
      this.#stops.push(lab.record(() => true, 'both', (bytes) => write(frames, bytes)))
      this.#stops.push(lab.door.hear(({ frame, ...entry }) => void this.#frames.push({ kind: 'frame', ...entry, frame: copyFrame(frame) })))
      this.#stops.push(lab.door.hearMessages((entry) => void this.#frames.push({ kind: 'guest', ...entry })))
      this.#stops.push(lab.door.hearOutside((entry) => void this.#frames.push({ kind: 'outside', ...entry, event: copyEvent(entry.event) })))
      for (const [node, { transcript }] of lab.machines) this.#console(node, transcript)
    } catch (error) {
      this.#release()
      const { code = 'EIO', message } = error as NodeJS.ErrnoException
      throw new HostError(code, `cannot keep the run in ${folder}: ${message}`, 'name another folder: --keep DIR', error)
    }
  }

  /** Writes what is left. May be called twice; the first counts. */
  close(end: RunCard['end']): void {
    if (this.#files.length === 0) return
    this.#release()
    const inputs: Input[] = [...this.#frames, ...this.#lab.door.entries.map((entry) => ({ kind: 'typed' as const, ...entry })), ...this.#lab.links.map((entry) => ({ kind: 'link' as const, ...entry }))]
    writeFileSync(join(this.folder, runNames.inputs), inputs.sort((a, b) => a.time - b.time).map(formatInput).join(''))
    writeFileSync(join(this.folder, runNames.card), `${JSON.stringify({ ...runCard(this.#lab, end), file: this.#file }, null, 2)}\n`)
  }

  #console(node: string, transcript: Transcript): void {
    const log = this.#open(join(runNames.consoles, `${node}.log`))
    const stamps = this.#open(join(runNames.consoles, `${node}.stamps`))
    const stamper = new LineStamper()
    this.#stops.push(
      transcript.listen((bytes, time) => {
        write(log, bytes)
        const fresh = stamper.hear(bytes, time)
        if (fresh.length > 0) writeSync(stamps, formatStamps(fresh))
      }),
    )
  }

  #open(name: string): number {
    const file = openSync(join(this.folder, name), 'w')
    this.#files.push(file)
    return file
  }

  #release(): void {
    for (const stop of this.#stops.splice(0)) stop()
    for (const file of this.#files.splice(0)) closeSync(file)
  }
}

function write(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
}
