/** NFSv4.1: clients, their sessions, and the calls in them. RFC 8881 §18.33 to §18.37, §18.46, §18.48 to §18.51. */
import { fromLatin1, hex } from '../../../src/base/bytes.ts'
import { exchange, sessionFlags, status } from '../../../src/wire/nfs4.ts'
import type { Channel } from '../../../src/wire/nfs4-session-arguments.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import type { Client } from './client.ts'
import type { Act4, Compound } from './compound.ts'
import { Failure, statusOf } from './failure.ts'
import { stateOf } from './reach.ts'
import { granted, type Session } from './session.ts'

/** state_protect_how4: SP4_NONE, and SP4_MACH_CRED, which needs RPCSEC_GSS. */
const noProtection = 0
const machineCredential = 1
/** channel_dir_from_client4 and _server4. */
const directions: readonly number[] = [1, 2, 3, 7]
const backOnly = 2
const foreOnly = 1
const scopeWord = 'netloom'

export const exchangeId: Act4<'exchangeId'> = ({ verifier, id, flags, protection }, at, xdr) => {
  if ((flags & ~exchange.known) !== 0 || flags >>> 31 !== 0) throw new Failure('invalid', `flags ${flags.toString(16)}`)
  if (protection === machineCredential) throw new Failure('invalid', 'a machine’s credential without RPCSEC_GSS')
  if (protection !== noProtection) throw new Failure('noEncryption', 'no keys are shared here')
  const name = { minor: 1, id: fromLatin1(id), verifier: hex(verifier), principal: at.principal, address: at.caller.address }
  const client = (flags & exchange.update) === 0 ? entered(at, name) : updated(at, name)
  const told = exchange.useNoPnfs | (client.confirmed ? exchange.confirmed : 0)
  xdr.u64(client.id).u32(client.sessionSequence).u32(told >>> 0).u32(noProtection)
  const scope = `${scopeWord} ${at.caller.local}`
  xdr.u64(0n).string(scope).string(scope).u32(0)
}

/** Cases 1 to 5 of §18.35.4. */
function entered(at: Compound, name: Parameters<Compound['scene']['clients']['add']>[0]): Client {
  const { clients } = at.scene
  const { confirmed, unconfirmed } = clients.named(name.id, 1)
  if (confirmed !== undefined) {
    if (confirmed.verifier === name.verifier && confirmed.principal === name.principal) return confirmed
    if (confirmed.principal !== name.principal && confirmed.states.size > 0) throw new Failure('clientInUse', 'somebody else’s name')
    // A name given up by another user; a client that was restarted keeps what it had until CREATE_SESSION.
    if (confirmed.principal !== name.principal) clients.remove(confirmed)
  }
  if (unconfirmed !== undefined) clients.remove(unconfirmed)
  return clients.add(name)
}

/** Cases 6 to 9. */
function updated(at: Compound, name: { readonly id: string; readonly verifier: string; readonly principal: string }): Client {
  const { confirmed } = at.scene.clients.named(name.id, 1)
  if (confirmed === undefined) throw new Failure('notFound', 'there is nothing to update')
  if (confirmed.verifier !== name.verifier) throw new Failure('notSame', 'the client was restarted')
  if (confirmed.principal !== name.principal) throw new Failure('notOwner', 'somebody else’s name')
  return confirmed
}

export const createSession: Act4<'createSession'> = (call, at, xdr) => {
  const { clients } = at.scene
  const client = found(at, call.client)
  if (call.sequence === (client.sessionSequence - 1) >>> 0 && client.sessionReply !== undefined) return void xdr.fixed(client.sessionReply)
  if (call.sequence !== client.sessionSequence) throw new Failure('sequenceMisordered', `CREATE_SESSION ${call.sequence}, ${client.sessionSequence} was due`)
  if (client.principal !== at.principal) throw new Failure('clientInUse', 'somebody else’s client')
  if ((call.flags & ~sessionFlags) !== 0) throw new Failure('invalid', `flags ${call.flags}`)
  const fore = granted(call.fore)
  if (fore === undefined) throw new Failure('tooSmall', 'nothing can be done with so little')
  const session = clients.addSession(client, fore)
  if (!client.confirmed) {
    const { confirmed } = clients.named(client.name, 1)
    if (confirmed !== undefined) clients.remove(confirmed)
    clients.confirm(client)
  }
  clients.renew(client)
  const begin = xdr.length
  // Neither kept over restarts, nor called back on, nor RDMA.
  xdr.fixed(session.id).u32(call.sequence).u32(0)
  putChannel(putChannel(xdr, fore), { ...call.back, headerPadding: 0 })
  client.sessionSequence = (call.sequence + 1) >>> 0
  client.sessionReply = xdr.bytes.slice(begin)
}

function found(at: Compound, id: bigint): Client {
  try {
    const client = at.scene.clients.find(id)
    if (client.minor > 0) return client
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
  throw new Failure('staleClient', 'there is no such client')
}

function putChannel(xdr: XdrWriter, { headerPadding, request, reply, cachedReply, operations, slots }: Channel): XdrWriter {
  return xdr.u32(headerPadding).u32(request).u32(reply).u32(cachedReply).u32(operations).u32(slots).u32(0)
}

export const destroySession: Act4<'destroySession'> = ({ session: id }, at) => {
  const session = at.scene.clients.session(id)
  demandOwn(at, session)
  at.scene.clients.endSession(session)
}

function demandOwn(at: Compound, { client }: Session): void {
  if (at.session !== undefined && at.session.client !== client) throw new Failure('badSession', 'another client’s session')
}

export const bindConnToSession: Act4<'bindConnToSession'> = ({ session: id, direction }, at, xdr) => {
  const { client } = at.scene.clients.session(id)
  if (!directions.includes(direction)) throw new Failure('invalid', `direction ${direction}`)
  at.scene.clients.renew(client)
  // Nobody is called back; but a client that asks for nothing else is not told an untruth by being told so.
  xdr.fixed(id).u32(direction === backOnly ? backOnly : foreOnly).bool(false)
}

export const destroyClientid: Act4<'destroyClientid'> = ({ client: id }, at) => {
  const client = found(at, id)
  if (client.sessions.size > 0 || client.states.size > 0) throw new Failure('clientBusy', 'it has sessions or files open')
  at.scene.clients.remove(client)
}

export const backchannelCtl: Act4<'backchannelCtl'> = () => undefined

export const reclaimComplete: Act4<'reclaimComplete'> = ({ oneFileSystem }, at) => {
  if (oneFileSystem) return void at.place()
  if (at.client.reclaimed) throw new Failure('completeAlready', 'it was done')
  at.scene.clients.grace.done(at.client)
}

export const testStateid: Act4<'testStateid'> = ({ states }, at, xdr) => {
  xdr.u32(states.length)
  for (const state of states) xdr.u32(judged(() => stateOf(at, state)))
}

function judged(look: () => unknown): number {
  try {
    look()
    return status.ok
  } catch (error) {
    const code = statusOf(error)
    if (code === undefined) throw error
    return code
  }
}

/** The first operation of every other call (§18.46). */
export const sequence: Act4<'sequence'> = (call, at, xdr) => {
  const { clients } = at.scene
  const session = clients.session(call.session)
  const slot = session.slots[call.slot]
  if (slot === undefined) throw new Failure('badSlot', `slot ${call.slot} of ${session.slots.length}`)
  clients.renew(session.client)
  if (slot.used && call.sequence === slot.sequence) {
    if (at.digest !== slot.digest) throw new Failure('falseRetry', 'another call under the same number')
    at.replay = slot.reply
    at.uncached = true
  } else {
    if (call.sequence !== (slot.sequence + 1) >>> 0) throw new Failure('sequenceMisordered', `call ${call.sequence} after ${slot.sequence}`)
    if (at.requestBytes > session.fore.request) throw new Failure('requestTooBig', `${at.requestBytes} bytes`)
    if (at.count > session.fore.operations) throw new Failure('tooManyOperations', `${at.count} operations`)
    Object.assign(slot, { sequence: call.sequence, used: true, digest: at.digest, reply: undefined })
    at.slot = call.cache ? slot : undefined
  }
  at.session = session
  at.mostBytes = call.cache ? Math.min(session.fore.reply, Math.max(session.fore.cachedReply, 512)) : session.fore.reply
  at.overflow = call.cache ? 'replyTooBigToCache' : 'replyTooBig'
  const highest = session.slots.length - 1
  xdr.fixed(session.id).u32(call.sequence).u32(call.slot).u32(highest).u32(highest).u32(0)
}
