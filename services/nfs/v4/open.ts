/** NFSv4 OPEN: finds or makes a file, and reserves it. RFC 7530 §16.16, RFC 8881 §18.16. */
import type { NodeId } from '../../../src/stack/volume.ts'
import { type Arguments4, type OpenArguments } from '../../../src/wire/nfs4-arguments.ts'
import { attributes as number, type Bitmap, bitmapOf, numbersIn, putBitmap } from '../../../src/wire/nfs4-attributes.ts'
import { claims, delegations, openResults, share, whyNone } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import { changeOf, exclusiveTimes, findExisting, make, nothing, timesOf } from '../changes.ts'
import { allowed, want } from '../identity.ts'
import { Refused } from '../refused.ts'
import type { Target } from '../target.ts'
import { readSettings } from './attributes.ts'
import type { Client } from './client.ts'
import { type Act4, type Compound, noAttributes, putChange } from './compound.ts'
import { checkComponent, Failure } from './failure.ts'
import { searched } from './look.ts'
import type { OpenOwner } from './owners.ts'
import { inOrder } from './reach.ts'
import { idOf, OpenState, putState } from './states.ts'
import { demandFile4 } from './transfer.ts'

/** What was found or made. */
interface Opened {
  readonly node: NodeId
  /** Nobody but its maker has seen it: its mode keeps nobody out. */
  readonly fresh: boolean
  /** What of the asked is set; of an exclusive one, where its verifier is. */
  readonly set: Bitmap
}

const timesBitmap = bitmapOf([number.accessed, number.modified])

export const open: Act4<'open'> = (call, at, xdr) => {
  const client = at.clientOf(call.owner.client)
  const access = call.access & share.both
  if (access === 0 || call.deny > share.both || (at.minor === 0 && call.access > share.both)) throw new Failure('invalid', `access ${call.access}, denial ${call.deny}`)
  const owner = client.openOwner(call.owner.owner)
  // An owner that nobody confirmed begins anew with every OPEN.
  if (!owner.confirmed && at.minor === 0 && owner.order(call.sequence) !== 'again') begin(owner, client, at)
  inOrder(at, owner, call.sequence, 'open')
  demandTime(at, client, call)
  const folder = call.claim === claims.null ? searched(at) : undefined
  const { node, fresh, set } = folder === undefined ? { node: at.place().node, fresh: false, set: noAttributes } : atName(at, folder, call, owner)
  const target = at.targetAt({ of: at.place().of, node })
  const state = reserve(at, owner, target, call, fresh)
  at.move({ of: target.of, node })
  at.currentState = idOf(state)
  putState(xdr, at.currentState)
  if (folder === undefined) xdr.bool(false).u64(0n).u64(0n)
  else putChange(xdr, folder)
  xdr.u32(openResults.posixLocks | (at.minor === 0 && !owner.confirmed ? openResults.confirm : 0))
  putNoDelegation(putBitmap(xdr, set), call, at)
}

function begin(owner: OpenOwner, client: Client, at: Compound): void {
  for (const state of owner.opens) client.close(state, at.scene.clients.files)
  owner.sequence = undefined
  owner.last = undefined
}

/** @throws {Failure} when it isn't the time for this: after a restart, others come first. */
function demandTime(at: Compound, client: Client, { claim, create }: OpenArguments): void {
  const { grace } = at.scene.clients
  switch (claim) {
    case claims.previous:
      at.demandUse(at.place().of)
      return grace.demandReclaim(client)
    case claims.handle:
      if (at.minor === 0 || create !== undefined) throw new Failure('invalid', 'a file that is at hand is not made')
      break
    case claims.null:
      break
    default:
      throw new Refused('notSupported', 'nobody has a delegation')
  }
  demandReady(at, client)
}

/** For what a client hadn't before. @throws {Failure} */
export function demandReady(at: Compound, client: Client): void {
  // "a client MUST send RECLAIM_COMPLETE before" (RFC 8881 §18.51.4).
  if (at.minor > 0 && !client.reclaimed) throw new Failure('grace', 'RECLAIM_COMPLETE has not come')
  at.scene.clients.grace.demandOver()
}

function atName(at: Compound, folder: Target, call: OpenArguments, owner: OpenOwner): Opened {
  const { name, create } = call
  checkComponent(name)
  if (at.scene.tree.crossing(folder, name, at.caller) !== undefined) throw new Refused('isDirectory', 'an export')
  const there = findExisting(folder, name)
  if (create === undefined) {
    if (there === undefined) throw new Refused('notFound', name)
    return { node: there.node, fresh: false, set: noAttributes }
  }
  if (create.mode === 'exclusive') return exclusively(at, folder, there, name, create)
  const settings = readSettings(create.attributes, at.minor)
  if (there !== undefined) {
    if (create.mode === 'guarded') throw new Refused('exists', name)
    return cut(at, there, settings.size, call, owner)
  }
  at.changed = true
  const node = make(folder, name, { kind: 'file', mode: settings.mode ?? 0o644 }, timesOf(settings), settings)
  return { node, fresh: true, set: bitmapOf(numbersIn(create.attributes.bitmap)) }
}

function exclusively(at: Compound, folder: Target, there: Target | undefined, name: string, { verifier, attributes }: Extract<OpenArguments['create'], { mode: 'exclusive' }>): Opened {
  const times = exclusiveTimes(verifier)
  if (there !== undefined) {
    const { kind, accessed, modified } = there.attributes
    if (kind !== 'file' || accessed !== times.accessed || modified !== times.modified) throw new Refused('exists', name)
    return { node: there.node, fresh: true, set: timesBitmap }
  }
  const settings = attributes === undefined ? nothing : readSettings(attributes, at.minor)
  if (settings.accessed !== undefined || settings.modified !== undefined) throw new Failure('invalid', 'the times hold the verifier')
  at.changed = true
  const node = make(folder, name, { kind: 'file', mode: settings.mode ?? 0o644 }, times, settings)
  return { node, fresh: true, set: attributes === undefined ? timesBitmap : bitmapOf([...numbersIn(attributes.bitmap), number.accessed, number.modified]) }
}

/** UNCHECKED on what is there: only its length is the client's to say, and only zero (RFC 7530 §16.16.5). */
function cut(at: Compound, there: Target, size: number | undefined, call: OpenArguments, owner: OpenOwner): Opened {
  if (size !== 0) return { node: there.node, fresh: false, set: noAttributes }
  demandOpenable(at, there, call, false)
  demandShare(at, there, call, owner)
  at.changed = true
  there.volume.change(there.node, changeOf({ ...nothing, size }, there.writable()))
  return { node: there.node, fresh: false, set: bitmapOf([number.size]) }
}

/** @throws {Failure | Refused} for what is no file, and for who may not. */
function demandOpenable(at: Compound, target: Target, { access }: OpenArguments, fresh: boolean): void {
  const { kind } = target.attributes
  // "If it is a directory, NFS4ERR_ISDIR; otherwise, NFS4ERR_SYMLINK" (RFC 7530 §16.16.5); 4.1 tells them apart.
  if (at.minor === 0 && kind !== 'file' && kind !== 'folder') throw new Failure('symlink', 'not an ordinary file')
  demandFile4(target, at.minor)
  if ((access & share.write) !== 0) target.writable()
  const may = allowed(target.who, target.attributes)
  const reads = (access & share.read) === 0 || (may & (want.read | want.execute)) !== 0
  const writes = (access & share.write) === 0 || (may & want.write) !== 0
  if (!fresh && !(reads && writes)) throw new Refused('access', `mode ${target.attributes.mode.toString(8)}`)
}

/** @throws {Failure} when somebody has it otherwise. */
function demandShare(at: Compound, { of, node }: Target, { access, deny }: OpenArguments, owner: OpenOwner): void {
  const file = at.scene.clients.files.find(of, node)
  const own = [...owner.opens].find((each) => each.file === file)
  if (file?.admits(access & share.both, deny, own) === false) throw new Failure('shareDenied', 'somebody has it open otherwise')
}

function reserve(at: Compound, owner: OpenOwner, target: Target, call: OpenArguments, fresh: boolean): OpenState {
  demandOpenable(at, target, call, fresh)
  demandShare(at, target, call, owner)
  const { files, grace } = at.scene.clients
  const file = files.take(target.of, target.node)
  let state = [...owner.opens].find((each) => each.file === file)
  try {
    state ??= new OpenState(owner, file, target.who.uid)
  } catch (error) {
    files.drop(file)
    throw error
  }
  const access = call.access & share.both
  state.access |= access
  state.deny |= call.deny
  state.parts.add(access | (call.deny << 2))
  state.advance()
  if (owner.confirmed) grace.remember(owner.client)
  return state
}

function putNoDelegation(xdr: XdrWriter, { access }: Arguments4['open'], { minor }: Compound): void {
  const wants = access & share.wants
  if (minor === 0 || wants === 0) xdr.u32(delegations.none)
  else xdr.u32(delegations.noneWithReason).u32(wants === share.noWant ? whyNone.notWanted : whyNone.notSupported)
}
