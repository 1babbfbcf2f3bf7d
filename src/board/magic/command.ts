/**
 * A command run in the guest: its output and complaints go out, its input comes in, and its end is the result.
 *
 * The child shares our memory until it runs the command (CLONE_VM | CLONE_VFORK): it speaks in its parent's place meanwhile, and the parent
 * goes on when it is done. So nothing may come between `clone` and `execve`, and no page is copied for it.
 */
import { concat, utf8 } from '../../base/bytes.ts'
import { errorName, errors } from './calls.ts'
import { path } from './copies.ts'
import { call, flags, GuestFailure, type Script, sys, type SystemCall } from './linux.ts'
import type { GuestProcess } from './process.ts'
import { failed, type Session, type SessionScript, turn, type Wait } from './session.ts'

type Steps<Value> = Generator<SystemCall | Wait, Value, number>

/** Where commands are looked for; names with a slash are taken as they are. */
const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
const environment = [`PATH=${folders.join(':')}`, 'HOME=/root', 'TERM=dumb', 'LANG=C.UTF-8']
const wordsMax = 1000
/** Layout of the room: a path, then vectors, then strings. */
const vectorsAt = 4096
const stringsAt = 20_480
const stringsMax = 40_000
const outputBytes = 1 << 16

interface Pipe {
  /** Our end; −1 when it is closed. */
  fd: number
  readonly kind: 'data' | 'complaint' | 'input'
}

/** What is open for the command: our ends, and the child's standard input, output and complaints in this order. */
interface Ends {
  readonly mine: Pipe[]
  readonly theirs: number[]
}

/** SIGPIPE and what may be done about it. */
const brokenPipe = { signal: 13, usual: 0, ignore: 1 } as const

export function* run(session: Session): SessionScript {
  const { job } = session
  if (job.do !== 'run') return { code: 1 }
  const [name = ''] = job.words
  const open: Ends = { mine: [], theirs: [] }
  try {
    if (name === '') throw new GuestFailure(errors['EINVAL'], 'no command')
    const input = yield* inputFor(session, job.input, open)
    const output = yield* outputFor(session, 'data', open)
    const complaints = yield* outputFor(session, 'complaint', open)
    const { pid, trouble } = yield* born(session, name, open.theirs)
    for (const fd of open.theirs.splice(0)) yield call(sys.close, fd)
    const code = yield* attend(session, pid, input, [output, complaints])
    return trouble === 0 ? { code } : { code: trouble === errors['EACCES'] ? 126 : 127, trouble: `${name}: ${errorName(trouble)}` }
  } catch (error) {
    return failed(name, error)
  } finally {
    for (const fd of open.theirs) yield call(sys.close, fd)
    for (const one of open.mine) yield* shut(one)
  }
}

/** The child's standard input: a pipe, or nothing. */
function* inputFor(session: Session, wanted: boolean, open: Ends): Steps<Pipe> {
  const input: Pipe = { fd: -1, kind: 'input' }
  open.mine.push(input)
  if (wanted) {
    const [theirs, ours] = yield* pipe(session)
    open.theirs.push(theirs)
    input.fd = ours
    yield call(sys.fcntl, ours, flags.setStatusFlags, flags.nonBlock)
    return input
  }
  yield* path(session, '/dev/null')
  const theirs = yield call(sys.openat, flags.cwd, session.guest.room, flags.readOnly | flags.closeOnExec, 0)
  if (theirs < 0) throw new GuestFailure(theirs, '/dev/null')
  open.theirs.push(theirs)
  return input
}

function* outputFor(session: Session, kind: 'data' | 'complaint', open: Ends): Steps<Pipe> {
  const [ours, theirs] = yield* pipe(session)
  const output: Pipe = { fd: ours, kind }
  open.mine.push(output)
  open.theirs.push(theirs)
  yield call(sys.fcntl, ours, flags.setStatusFlags, flags.nonBlock)
  return output
}

function* shut(one: Pipe): Steps<void> {
  if (one.fd >= 0) yield call(sys.close, one.fd)
  one.fd = -1
}

/** A broken pipe must not end the agent; what it runs has it as usual. */
export function* brokenPipes(guest: GuestProcess, what: 'usual' | 'ignore'): Script {
  yield* guest.putNumbers(guest.room, brokenPipe[what], 0, 0, 0)
  yield call(sys.sigaction, brokenPipe.signal, guest.room, 0, 8)
}

/** @returns where it is read and where it is written. */
function* pipe({ guest }: Session): Steps<readonly [number, number]> {
  const result = yield call(sys.pipe2, guest.room, flags.closeOnExec)
  if (result < 0) throw new GuestFailure(result, 'pipe')
  const view = new DataView(guest.peek(guest.room, 8).buffer)
  return [view.getInt32(0, true), view.getInt32(4, true)]
}

/** @returns the child, and why it could not run the command, or 0. */
function* born(session: Session, name: string, streams: readonly number[]): Steps<{ pid: number; trouble: number }> {
  const { job, guest } = session
  if (job.do !== 'run') return { pid: -1, trouble: errors['EINVAL'] }
  const { argv, envp } = yield* vectors(session, job.words)
  const first = yield call(sys.clone, flags.cloneVm | flags.cloneVfork | flags.childEnds, 0, 0, 0, 0)
  if (first < 0) throw new GuestFailure(first, 'clone')
  // In the parent's place: the child.
  let trouble = 0
  yield call(sys.setpgid, 0, 0)
  yield* brokenPipes(guest, 'usual')
  yield* path(session, job.folder ?? '/')
  const moved = yield call(sys.chdir, guest.room)
  if (moved < 0) trouble = -moved
  for (const [index, fd] of streams.entries()) yield* over(fd, index)
  const candidates = name.includes('/') ? [name] : folders.map((folder) => `${folder}/${name}`)
  for (const candidate of trouble === 0 ? candidates : []) {
    yield* path(session, candidate)
    // On success the next that is heard is the parent, with the child's number.
    const result = yield call(sys.execve, guest.room, argv, envp)
    if (result > 0) return { pid: result, trouble: 0 }
    if (trouble !== errors['EACCES']) trouble = -result
    if (result !== -errors['ENOENT'] && result !== -errors['EACCES']) break
  }
  const pid = yield call(sys.exit, 127)
  return { pid, trouble }
}

/** Our copies of the pipes close by themselves; one that already has its number must stay open. */
function* over(fd: number, wanted: number): Steps<void> {
  if (fd === wanted) yield call(sys.fcntl, fd, 2, 0)
  else yield call(sys.dup3, fd, wanted, 0)
}

function* vectors({ guest }: Session, words: readonly string[]): Steps<{ argv: number; envp: number }> {
  if (words.length > wordsMax) throw new GuestFailure(errors['E2BIG'], 'the command')
  const all = [...words, ...environment].map((word) => concat(utf8(word), Uint8Array.of(0)))
  const strings = concat(...all)
  if (strings.length > stringsMax) throw new GuestFailure(errors['E2BIG'], 'the command')
  const [argv, base] = [guest.room + vectorsAt, guest.room + stringsAt]
  let at = base
  const addresses = all.map((word) => (at += word.length) - word.length)
  yield* guest.put(base, strings)
  yield* guest.putNumbers(argv, ...addresses.slice(0, words.length), 0, ...addresses.slice(words.length), 0)
  return { argv, envp: argv + 8 * (words.length + 1) }
}

/** Until the command has ended and all it said is out. */
function* attend(session: Session, pid: number, input: Pipe, pipes: readonly Pipe[]): Steps<number> {
  let code = -1
  for (;;) {
    yield* pass(session, pid)
    yield* feed(session, input)
    let moved = false
    for (const one of pipes) moved = (yield* draw(session, one)) || moved
    if (moved) {
      yield turn
      continue
    }
    if (code >= 0 && session.room > 0) return code
    if (code < 0) {
      code = yield* ended(session, pid)
      // What it said last is still in the pipes.
      if (code >= 0) continue
    }
    const open = session.room > 0 ? pipes.filter(({ fd }) => fd >= 0).map(({ fd }) => ({ fd, events: flags.pollIn })) : []
    const writing = input.fd >= 0 && session.piece !== undefined ? [{ fd: input.fd, events: flags.pollOut }] : []
    yield { watch: [...open, ...writing], ready: false }
  }
}

function* pass(session: Session, pid: number): Steps<void> {
  const { signal } = session
  if (signal === 0) return
  session.signal = 0
  yield call(sys.kill, -pid, signal)
}

/** Closes it at the end of what comes, and when nobody reads it. */
function* feed(session: Session, input: Pipe): Steps<void> {
  const { piece, guest } = session
  if (input.fd < 0) return
  if (piece !== undefined) {
    const part = piece.subarray(0, outputBytes)
    yield* guest.put(guest.arena, part)
    const written = yield call(sys.write, input.fd, guest.arena, part.length)
    if (written > 0) session.used(written)
    if (written >= 0 || written === -errors['EAGAIN']) return
  } else if (!session.exhausted) return
  yield* shut(input)
}

/** @returns whether anything came. */
function* draw(session: Session, from: Pipe): Steps<boolean> {
  const { guest } = session
  if (from.fd < 0 || session.room === 0) return false
  const got = yield call(sys.read, from.fd, guest.arena, Math.min(session.room, outputBytes))
  if (got > 0 && from.kind !== 'input') session.send(from.kind, guest.peek(guest.arena, got))
  if (got === 0) yield* shut(from)
  return got > 0
}

/** @returns the exit status, or −1 while it runs. */
function* ended({ guest }: Session, pid: number): Steps<number> {
  const result = yield call(sys.wait4, pid, guest.room, flags.noHang, 0)
  if (result === 0) return -1
  if (result < 0) return 255
  const status = new DataView(guest.peek(guest.room, 4).buffer).getInt32(0, true)
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
}

