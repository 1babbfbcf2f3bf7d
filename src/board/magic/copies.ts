/** Copies between the outside and a guest's files, a megabyte at a time. */
import { concat, utf8 } from '../../base/bytes.ts'
import { errors } from './calls.ts'
import { call, fileType, flags, GuestFailure, stat, sys, type SystemCall } from './linux.ts'
import { bulkBytes } from './process.ts'
import { failed, type Session, type SessionScript, turn, type Wait } from './session.ts'

type Steps<Value> = Generator<SystemCall | Wait, Value, number>

const nothing: Wait = { watch: [], ready: false }

/** A file of the outside goes to `path`, or below it under its own name when that is a folder. */
export function* put(session: Session): SessionScript {
  const { job } = session
  if (job.do !== 'put') return { code: 1 }
  let fd = -1
  try {
    fd = yield* openToWrite(session, job.path, job.name, job.mode)
    yield* fill(session, fd)
    yield call(sys.fchmod, fd, job.mode & 0o7777)
    return { code: 0 }
  } catch (error) {
    return failed(job.path, error)
  } finally {
    if (fd >= 0) yield call(sys.close, fd)
  }
}

/** A file of the guest goes out. */
export function* get(session: Session): SessionScript {
  const { job, guest } = session
  if (job.do !== 'get') return { code: 1 }
  let fd = -1
  try {
    yield* path(session, job.path)
    fd = yield* open(job.path, call(sys.openat, flags.cwd, guest.room, flags.readOnly | flags.closeOnExec, 0))
    const { mode, size } = yield* look(session, fd)
    if ((mode & fileType.mask) === fileType.folder) throw new GuestFailure(errors['EISDIR'], job.path)
    const head = new Uint8Array(12)
    const view = new DataView(head.buffer)
    view.setUint32(0, mode & 0o7777, true)
    view.setBigUint64(4, BigInt(size), true)
    session.tell('file', head)
    yield* drain(session, fd)
    return { code: 0 }
  } catch (error) {
    return failed(job.path, error)
  } finally {
    if (fd >= 0) yield call(sys.close, fd)
  }
}

function* openToWrite(session: Session, target: string, name: string, mode: number): Steps<number> {
  const { room } = session.guest
  const wanted = flags.writeOnly | flags.create | flags.truncate | flags.closeOnExec
  yield* path(session, target)
  const fd = yield call(sys.openat, flags.cwd, room, wanted, mode & 0o7777)
  if (fd !== -errors['EISDIR']) return yield* open(target, fd)
  yield* path(session, `${target}/${name}`)
  return yield* open(`${target}/${name}`, call(sys.openat, flags.cwd, room, wanted, mode & 0o7777))
}

function* open(name: string, made: SystemCall | number): Steps<number> {
  const fd = typeof made === 'number' ? made : yield made
  if (fd < 0) throw new GuestFailure(fd, name)
  return fd
}

/** Puts a name into the room. */
export function* path({ guest }: Session, name: string): Steps<void> {
  if (name.length > 4000) throw new GuestFailure(errors['ENAMETOOLONG'], name.slice(0, 40))
  yield* guest.put(guest.room, concat(utf8(name), Uint8Array.of(0)))
}

function* look({ guest }: Session, fd: number): Steps<{ mode: number; size: number }> {
  const result = yield call(sys.fstat, fd, guest.room)
  if (result < 0) throw new GuestFailure(result, 'fstat')
  const bytes = guest.peek(guest.room, stat.bytes)
  const view = new DataView(bytes.buffer)
  return { mode: view.getUint32(stat.mode, true), size: Number(view.getBigInt64(stat.size, true)) }
}

/** Until the outside has sent all. */
function* fill(session: Session, fd: number): Steps<void> {
  const { guest } = session
  while (!session.exhausted) {
    if (session.gone) throw new GuestFailure(errors['EPIPE'], 'the other end is gone')
    const { piece } = session
    if (piece === undefined) {
      yield nothing
      continue
    }
    yield* guest.put(guest.arena, piece)
    for (let done = 0; done < piece.length; ) {
      const written = yield call(sys.write, fd, guest.arena + done, piece.length - done)
      if (written < 0) throw new GuestFailure(written, 'write')
      done += written
    }
    session.used(piece.length)
    yield turn
  }
}

/** Until the file ends. */
function* drain(session: Session, fd: number): Steps<void> {
  const { guest } = session
  for (;;) {
    if (session.gone) throw new GuestFailure(errors['EPIPE'], 'the other end is gone')
    if (session.room === 0) {
      yield nothing
      continue
    }
    const got = yield call(sys.read, fd, guest.arena, Math.min(session.room, bulkBytes))
    if (got < 0) throw new GuestFailure(got, 'read')
    if (got === 0) return
    session.send('data', guest.peek(guest.arena, got))
    yield turn
  }
}

