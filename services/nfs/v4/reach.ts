/** Stateids as READ, WRITE and SETATTR bring them: what they let their bearer do. RFC 7530 §9.1.4.3, RFC 8881 §8.2.3. */
import { type Operation, share, type StateId } from '../../../src/wire/nfs4.ts'
import type { Target } from '../target.ts'
import { Again, type Compound } from './compound.ts'
import { Failure } from './failure.ts'
import type { LockOwner, OpenOwner } from './owners.ts'
import type { State } from './states.ts'

const all = (other: Uint8Array, byte: number): boolean => other.every((each) => each === byte)

/** "the current stateid" (RFC 8881 §16.2.3.1.2). */
export function resolved(at: Compound, state: StateId): StateId {
  if (at.minor === 0 || state.sequence !== 1 || !all(state.other, 0)) return state
  if (at.currentState === undefined) throw new Failure('badState', 'there is no current state')
  return at.currentState
}

/** Nobody's: all zeroes. */
export const isAnonymous = ({ sequence, other }: StateId): boolean => sequence === 0 && all(other, 0)
/** All ones: reads past what others deny. */
const isBypass = ({ sequence, other }: StateId): boolean => sequence === 0xffff_ffff && all(other, 0xff)

/** The state that a stateid names, whichever its sequence. @throws {Failure} */
export function stateNamed(at: Compound, given: StateId): State {
  const { clients } = at.scene
  const id = resolved(at, given)
  if (all(id.other, 0) || all(id.other, 0xff)) throw new Failure('badState', 'a stateid of nobody')
  const state = clients.state(id, at.minor)
  if (at.minor === 0 ? state.client.minor !== 0 : state.client !== at.session?.client) throw new Failure('badState', 'another client’s state')
  if (at.minor === 0) clients.renew(state.client)
  return state
}

/** @throws {Failure} unless a stateid is the state's newest. */
export function demandNewest(at: Compound, state: State, given: StateId): void {
  const { sequence } = resolved(at, given)
  // In 4.1 a sequence of 0 is the newest there is.
  if (at.minor > 0 && sequence === 0) return
  const ahead = (sequence - state.sequence) | 0
  if (ahead > 0) throw new Failure('badState', 'a stateid from the future')
  if (ahead < 0) throw new Failure('oldState', 'a stateid of before')
}

/** The state that a stateid names. @throws {Failure} */
export function stateOf(at: Compound, given: StateId): State {
  const state = stateNamed(at, given)
  demandNewest(at, state, given)
  return state
}

/** As `stateOf`, and of the current file. @throws {Failure} */
export function stateHere(at: Compound, given: StateId): State {
  const state = stateOf(at, given)
  demandHere(at, state)
  return state
}

/** @throws {Failure} unless a state is of the current file. */
export function demandHere(at: Compound, { file }: State): void {
  const { of, node } = at.place()
  if (file.of !== of || file.node !== node) throw new Failure('badState', 'another file’s state')
}

/**
 * 4.0: a call of an owner's comes in its order, or is the last one again, which gets its answer again (RFC 7530 §9.1.7). 4.1 has slots for that.
 * @throws {Again | Failure}
 */
export function inOrder(at: Compound, owner: OpenOwner | LockOwner, sequence: number, operation: Operation): void {
  if (at.minor > 0) return
  const order = owner.order(sequence)
  if (order === 'again' && owner.last?.operation === operation) throw new Again(owner.last)
  if (order !== 'next') throw new Failure('badSequence', `call ${sequence} comes after ${owner.sequence}`)
  at.answered = (status, bytes) => owner.answered(sequence, status, { operation, bytes, current: at.current })
}

/**
 * Whether a state lets its bearer do `access` (`share.read` or `write`) without the file's mode being asked again: whoever opened it was
 * asked then. @throws {Failure} when it forbids it, or somebody else's reservation does.
 */
export function accessBy(at: Compound, given: StateId, target: Target, access: number): boolean {
  const id = resolved(at, given)
  const bypass = isBypass(id)
  if (isAnonymous(id) || bypass) {
    const file = at.scene.clients.files.find(target.of, target.node)
    if (file?.admits(access, 0) === false && !(bypass && access === share.read)) throw new Failure('locked', 'somebody denies it')
    return false
  }
  const state = stateHere(at, given)
  const open = state.kind === 'open' ? state : state.open
  if (access === share.write && (open.access & share.write) === 0) throw new Failure('openMode', 'not open for writing')
  // Reading what is open for writing only: a client has to, to write part of a page (RFC 7530 §9.1.4).
  if (access === share.read && (open.access & share.read) === 0 && !open.file.admits(share.read, 0, open)) throw new Failure('locked', 'somebody denies reading')
  return (open.access & access) !== 0 && open.uid === target.who.uid
}

