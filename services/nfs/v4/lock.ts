/** NFSv4 byte-range locks. RFC 7530 §16.10 to §16.12, RFC 8881 §18.10 to §18.12. Who would wait asks again: nobody is called back. */
import { fromLatin1 } from '../../../src/base/bytes.ts'
import type { LockArguments } from '../../../src/wire/nfs4-arguments.ts'
import { lockTypes, share } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import { type HeldRange, lastByte, type LockHolder, type Range, rangeOf } from '../range-locks.ts'
import type { Act4, Compound } from './compound.ts'
import { Failure } from './failure.ts'
import { demandReady } from './open.ts'
import type { LockOwner } from './owners.ts'
import { demandHere, demandNewest, inOrder, stateNamed } from './reach.ts'
import { idOf, LockState, type OpenState, putState } from './states.ts'
import { demandFile4 } from './transfer.ts'

/** Nobody that has a lock: who only asks whether he could. */
const stranger: LockHolder = { clientId: 0n, name: new Uint8Array(0), process: 0 }

function rangeAsked({ type, offset, length }: { type: number; offset: bigint; length: bigint }): Range {
  const range = rangeOf(offset, length)
  if (range === undefined) throw new Failure('invalid', `${length} bytes at ${offset}`)
  return { ...range, write: type === lockTypes.write || type === lockTypes.writeWait }
}

/** LOCK4denied. */
function denied({ from, to, write, holder }: HeldRange): Failure {
  return new Failure('denied', 'somebody has it', (xdr: XdrWriter) => {
    xdr.u64(from).u64(to === lastByte ? lastByte : to - from + 1n).u32(write ? lockTypes.write : lockTypes.read)
    return xdr.u64(holder.clientId).opaque(holder.name)
  })
}

export const lock: Act4<'lock'> = (call, at, xdr) => {
  demandFile4(at.target(), at.minor)
  const { owner, open, known } = call.first === undefined ? again(at, call) : first(at, call, call.first)
  const range = rangeAsked(call)
  if ((open.access & (range.write ? share.write : share.read)) === 0) throw new Failure('openMode', 'not open for that')
  if (call.reclaim) at.scene.clients.grace.demandReclaim(open.client)
  else demandReady(at, open.client)
  const conflict = open.file.locks.conflict(owner, range)
  if (conflict !== undefined) throw call.reclaim ? new Failure('reclaimConflict', 'somebody has it by now') : denied(conflict)
  const state = known ?? new LockState(owner, open)
  if (!open.file.locks.take(owner, range)) throw new Failure(at.minor === 0 ? 'resource' : 'serverFault', 'locks enough for one file')
  state.advance()
  at.currentState = idOf(state)
  putState(xdr, at.currentState)
}

interface Locker {
  readonly owner: LockOwner
  readonly open: OpenState
  /** What the owner has on this file already. */
  readonly known: LockState | undefined
}

function first(at: Compound, { state: given }: LockArguments, { openSequence, lockSequence, owner: named }: NonNullable<LockArguments['first']>): Locker {
  const open = stateNamed(at, given)
  if (open.kind !== 'open') throw new Failure('badState', 'a lock’s state, where an OPEN’s was wanted')
  inOrder(at, open.owner, openSequence, 'lock')
  demandNewest(at, open, given)
  demandHere(at, open)
  const owner = open.client.lockOwner(named.owner)
  const ofOpen = at.answered
  at.answered = (status, bytes) => {
    ofOpen?.(status, bytes)
    // The lock owner's own count begins here.
    owner.answered(lockSequence, status, { operation: 'lock', bytes, current: at.current })
  }
  return { owner, open, known: [...open.locks].find((each) => each.owner === owner) }
}

function again(at: Compound, { state: given, sequence }: LockArguments): Locker {
  const state = lockOf(at, given, sequence, 'lock')
  return { owner: state.owner, open: state.open, known: state }
}

function lockOf(at: Compound, given: LockArguments['state'], sequence: number, operation: 'lock' | 'locku'): LockState {
  const state = stateNamed(at, given)
  if (state.kind !== 'lock') throw new Failure('badState', 'an OPEN’s state, where a lock’s was wanted')
  inOrder(at, state.owner, sequence, operation)
  demandNewest(at, state, given)
  demandHere(at, state)
  return state
}

export const lockt: Act4<'lockt'> = (call, at) => {
  const client = at.clientOf(call.owner.client)
  const target = at.target()
  demandFile4(target, at.minor)
  const range = rangeAsked(call)
  demandReady(at, client)
  const owner = client.locks.get(fromLatin1(call.owner.owner)) ?? stranger
  const conflict = at.scene.clients.files.find(target.of, target.node)?.locks.conflict(owner, range)
  if (conflict !== undefined) throw denied(conflict)
}

export const locku: Act4<'locku'> = (call, at, xdr) => {
  at.place()
  const state = lockOf(at, call.state, call.sequence, 'locku')
  if (!state.file.locks.free(state.owner, rangeAsked(call))) throw new Failure(at.minor === 0 ? 'resource' : 'serverFault', 'locks enough for one file')
  at.scene.clients.files.freed(state.file)
  state.advance()
  at.currentState = idOf(state)
  putState(xdr, at.currentState)
}

/** 4.0: an owner that will not lock again. */
export const releaseLockowner: Act4<'releaseLockowner'> = ({ owner: named }, at) => {
  const client = at.clientOf(named.client)
  const owner = client.locks.get(fromLatin1(named.owner))
  if (owner === undefined) return
  for (const { file } of owner.states) if (file.locks.has(owner)) throw new Failure('locksHeld', 'it has locks')
  for (const state of owner.states) if (state.kind === 'lock') client.unlock(state)
  client.locks.delete(owner.key)
}

/** 4.1. */
export const freeStateid: Act4<'freeStateid'> = ({ state: given }, at) => {
  const state = stateNamed(at, given)
  demandNewest(at, state, given)
  if (state.kind === 'open' || state.file.locks.has(state.owner)) throw new Failure('locksHeld', 'it is in use')
  state.client.unlock(state)
}
