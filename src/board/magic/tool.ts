/** The guest's own program, by its first word: what a shell in the guest can do with magic instructions. */
import { concat, fromUtf8, hex, utf8 } from '../../base/bytes.ts'
import { errorName } from './calls.ts'
import { call, flags, GuestFailure, need, type Script, sys } from './linux.ts'
import { bulkBytes, type GuestProcess } from './process.ts'
import type { SharedFiles } from './shared-files.ts'

/** What the program's words do to the machine. */
export interface ToolPorts {
  readonly files: SharedFiles
  readonly log: (text: string) => void
  readonly record: (label: string) => void
  readonly breakpoint: (label: string) => void
  readonly snapshot: (label: string) => void
  readonly mark: (id: number) => void
  readonly measure: (id: number) => number
  readonly exit: (code: number) => void
  readonly random: (count: number) => Uint8Array
}

const usage = `usage: magic send FILE [NAME]    a file into the folder that the lab shares
       magic fetch NAME [FILE]   and out of it
       magic log TEXT...         a line in the lab's journal
       magic random BYTES        hexadecimal, from the lab's seed
       magic mark ID             instructions are counted from here ...
       magic measure ID          ... to here
       magic record [LABEL]      the machine's registers, into the journal
       magic break [LABEL]
       magic snapshot [LABEL]
       magic exit CODE           ends the machine
       magic agent               serves netloom cp and netloom exec
`

/** Bytes that `random` gives at most. */
const randomMax = 4096

/** @returns the exit status. */
export function* tool(guest: GuestProcess, words: readonly Uint8Array[], ports: ToolPorts): Script<number> {
  yield* guest.settle()
  const [word = '', ...rest] = words.slice(1).map(fromUtf8)
  try {
    return yield* perform(guest, word, rest, ports)
  } catch (error) {
    if (!(error instanceof GuestFailure)) throw error
    return yield* say(guest, 2, `magic: ${error.message}\n`, 1)
  }
}

function* perform(guest: GuestProcess, word: string, rest: readonly string[], ports: ToolPorts): Script<number> {
  const label = rest.join(' ')
  switch (word) {
    case 'send': return rest.length === 0 ? yield* misused(guest) : yield* send(guest, rest[0], rest[1] ?? baseName(rest[0]), ports.files)
    case 'fetch': return rest.length === 0 ? yield* misused(guest) : yield* fetch(guest, rest[0], rest[1] ?? baseName(rest[0]), ports.files)
    case 'log': return ports.log(label), 0
    case 'record': return ports.record(label), 0
    case 'break': return ports.breakpoint(label), 0
    case 'snapshot': return ports.snapshot(label), 0
    case 'mark': return ports.mark(Number(label) >>> 0), 0
    case 'measure': return yield* say(guest, 1, `${ports.measure(Number(label) >>> 0)}\n`, 0)
    case 'random': return yield* say(guest, 1, `${hex(ports.random(Math.min(randomMax, Number(label) >>> 0)))}\n`, 0)
    case 'exit': return ports.exit(Number(label) >>> 0), 0
    default: return yield* misused(guest)
  }
}

const misused = (guest: GuestProcess): Script<number> => say(guest, 2, usage, 2)

const baseName = (path: string): string => path.replace(/^.*\//, '')

function* say(guest: GuestProcess, fd: number, text: string, code: number): Script<number> {
  const bytes = utf8(text).subarray(0, bulkBytes)
  yield* guest.put(guest.arena, bytes)
  yield call(sys.write, fd, guest.arena, bytes.length)
  return code
}

function* open(guest: GuestProcess, path: string, how: number): Script<number> {
  yield* guest.put(guest.room, concat(utf8(path), Uint8Array.of(0)))
  return yield* need(path, call(sys.openat, flags.cwd, guest.room, how | flags.closeOnExec, 0o644))
}

function shared(name: string, result: number): number {
  if (result < 0) throw new GuestFailure(result, `${name}, in the folder that the lab shares`)
  return result
}

function* send(guest: GuestProcess, from: string, name: string, files: SharedFiles): Script<number> {
  const fd = yield* open(guest, from, flags.readOnly)
  const handle = shared(name, files.open(name, 'write'))
  try {
    for (;;) {
      const got = yield* need(from, call(sys.read, fd, guest.arena, bulkBytes))
      if (got === 0) return 0
      shared(name, files.write(handle, guest.peek(guest.arena, got)))
    }
  } finally {
    files.close(handle)
  }
}

function* fetch(guest: GuestProcess, name: string, to: string, files: SharedFiles): Script<number> {
  const handle = shared(name, files.open(name, 'read'))
  try {
    const fd = yield* open(guest, to, flags.writeOnly | flags.create | flags.truncate)
    for (;;) {
      const bytes = files.read(handle, bulkBytes)
      if (typeof bytes === 'number') throw new GuestFailure(bytes, `${name}: ${errorName(bytes)}`)
      if (bytes.length === 0) return 0
      yield* guest.put(guest.arena, bytes)
      for (let done = 0; done < bytes.length; ) done += yield* need(to, call(sys.write, fd, guest.arena + done, bytes.length - done))
    }
  } finally {
    files.close(handle)
  }
}
