/** NFSv4.0: how a client becomes known, and stays so. RFC 7530 §16.33, §16.34, §16.29. */
import { equal, fromLatin1, hex, putU32be } from '../../../src/base/bytes.ts'
import { verifierBytes } from '../../../src/wire/nfs4.ts'
import type { Client } from './client.ts'
import type { Act4, Compound } from './compound.ts'
import { Failure } from './failure.ts'

export const setclientid: Act4<'setclientid'> = ({ verifier, id }, at, xdr) => {
  const { clients } = at.scene
  const name = { minor: 0, id: fromLatin1(id), verifier: hex(verifier), principal: at.principal, address: at.caller.address }
  const { confirmed, unconfirmed } = clients.named(name.id, 0)
  // Somebody else's name, while he holds something (§16.33.5).
  if (confirmed !== undefined && confirmed.principal !== name.principal && confirmed.states.size > 0) throw inUse(confirmed)
  if (unconfirmed !== undefined) clients.remove(unconfirmed)
  at.changed = true
  const same = confirmed?.verifier === name.verifier && confirmed.principal === name.principal ? confirmed : undefined
  const client = same ?? clients.add(name)
  client.confirmation = confirmationOf(client, (at.digest ^ at.count) >>> 0)
  xdr.u64(client.id).fixed(client.confirmation)
}

/** The address of who uses the name, as far as it is known. */
function inUse({ address }: Client): Failure {
  return new Failure('clientInUse', 'somebody else’s name', (xdr) => xdr.string('tcp').string(`${address}.0.0`))
}

/** Another one for every SETCLIENTID. */
function confirmationOf({ serial, boot, confirmation }: Client, word: number): Uint8Array {
  const next = new Uint8Array(verifierBytes)
  putU32be(next, 0, (boot ^ word) >>> 0)
  putU32be(next, 4, (serial + (confirmation.length === 0 ? 0 : 1)) >>> 0)
  return next
}

export const setclientidConfirm: Act4<'setclientidConfirm'> = ({ client: id, verifier }, at) => {
  const { clients } = at.scene
  const client = clients.find(id)
  if (client.minor !== 0 || !equal(client.confirmation, verifier)) throw new Failure('staleClient', 'nobody was told that')
  if (client.principal !== at.principal) throw inUse(client)
  at.changed = true
  if (client.confirmed) return clients.renew(client)
  // The client was restarted: what it had before is gone.
  const { confirmed } = clients.named(client.name, 0)
  if (confirmed !== undefined) clients.remove(confirmed)
  clients.confirm(client)
}

export const renew: Act4<'renew'> = ({ client }, at) => renewed(at, client)

function renewed(at: Compound, id: bigint): void {
  at.scene.clients.renew(at.scene.clients.confirmed(id, 0))
}

export const delegpurge: Act4<'delegpurge'> = () => {
  throw new Failure('notSupported', 'there are no delegations')
}

export const delegreturn: Act4<'delegreturn'> = () => {
  throw new Failure('badState', 'nobody has a delegation')
}
