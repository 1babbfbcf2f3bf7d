/** NFSv4: what becomes of a file that is open. RFC 7530 §16.2, §16.18, §16.19; RFC 8881 §18.2, §18.18. */
import { otherBytes, share, type StateId } from '../../../src/wire/nfs4.ts'
import { u32be } from '../../../src/base/bytes.ts'
import { type Act4, Again, type Compound } from './compound.ts'
import { Failure } from './failure.ts'
import { demandHere, demandNewest, inOrder, resolved, stateNamed } from './reach.ts'
import { idOf, type OpenState, putState } from './states.ts'

/** What CLOSE gives back in 4.1: it can't be used (RFC 8881 §18.2.4). */
const invalid: StateId = { sequence: 0xffff_ffff, other: new Uint8Array(otherBytes) }

/** A file open, by its stateid. @throws {Again | Failure} */
function openOf(at: Compound, given: StateId, sequence: number, operation: 'close' | 'openConfirm' | 'openDowngrade'): OpenState {
  at.place()
  const state = stateNamed(at, given)
  if (state.kind !== 'open') throw new Failure('badState', 'a lock’s state')
  inOrder(at, state.owner, sequence, operation)
  if (at.minor === 0 && !state.owner.confirmed && operation !== 'openConfirm') throw new Failure('badState', 'the OPEN was not confirmed')
  demandNewest(at, state, given)
  demandHere(at, state)
  return state
}

export const openConfirm: Act4<'openConfirm'> = ({ state: given, sequence }, at, xdr) => {
  const state = openOf(at, given, sequence, 'openConfirm')
  state.owner.confirmed = true
  at.scene.clients.grace.remember(state.client)
  state.advance()
  putState(xdr, idOf(state))
}

export const openDowngrade: Act4<'openDowngrade'> = ({ state: given, sequence, access, deny }, at, xdr) => {
  const state = openOf(at, given, sequence, 'openDowngrade')
  const wanted = (access & share.both) | (deny << 2)
  // "The bits … must be exactly equal to the union of … some subset of the OPEN operations" (RFC 7530 §16.19.4).
  let union = 0
  for (const part of state.parts) if ((part & ~wanted) === 0) union |= part
  if ((access & share.both) === 0 || deny > share.both || union !== wanted) throw new Failure('invalid', 'it was never open like that')
  for (const part of state.parts) if ((part & ~wanted) !== 0) state.parts.delete(part)
  state.access = access & share.both
  state.deny = deny
  state.advance()
  at.currentState = idOf(state)
  putState(xdr, at.currentState)
}

export const close: Act4<'close'> = ({ sequence, state: given }, at, xdr) => {
  demandNotClosed(at, given, sequence)
  const state = openOf(at, given, sequence, 'close')
  state.client.close(state, at.scene.clients.files)
  state.advance()
  at.currentState = undefined
  putState(xdr, at.minor === 0 ? idOf(state) : invalid)
}

/** 4.0: what is closed already is closed again with the same answer. @throws {Again} */
function demandNotClosed(at: Compound, given: StateId, sequence: number): void {
  if (at.minor > 0) return
  const id = resolved(at, given)
  const owner = at.scene.clients.ownerOf(id)?.closed.get(u32be(id.other, 8))
  if (owner?.last?.operation === 'close' && owner.sequence === sequence) throw new Again(owner.last)
}
