/** One COMPOUND under way: the current and the saved file, who asks, and how much may still be said. RFC 7530 §14.2, RFC 8881 §16.2. */
import type { SystemCredential } from '../../../src/wire/rpc.ts'
import type { Arguments4 } from '../../../src/wire/nfs4-arguments.ts'
import type { Operation, StateId } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import type { Log } from '../../../src/base/log.ts'
import type { Attributes } from '../../../src/stack/volume.ts'
import type { Caller } from '../../rpc/dispatch.ts'
import { bitmapOf, type Bitmap } from '../../../src/wire/nfs4-attributes.ts'
import type { Export, ExportTable } from '../exports.ts'
import { identify, type Identity } from '../identity.ts'
import type { Listings } from '../listings.ts'
import { Target } from '../target.ts'
import { Refused } from '../refused.ts'
import type { Subject } from './attributes.ts'
import type { Clients } from './clients.ts'
import type { Client } from './client.ts'
import { Failure } from './failure.ts'
import type { LastAnswer } from './owners.ts'
import type { Session, Slot } from './session.ts'
import type { Place, Tree } from './tree.ts'

/** What all compounds work with. */
export interface Scene4 {
  readonly exports: ExportTable
  readonly tree: Tree
  readonly listings: Listings
  readonly clients: Clients
  readonly log: Log
  /** Of WRITE and COMMIT: another one after a restart. */
  readonly verifier: Uint8Array
}

/** An answer given before, in place of doing it again. */
export class Again extends Error {
  override readonly name = 'Again'
  readonly answer: LastAnswer

  constructor(answer: LastAnswer) {
    super('asked again')
    this.answer = answer
  }
}

export class Compound {
  readonly scene: Scene4
  readonly minor: number
  readonly caller: Caller
  readonly credential: SystemCredential | undefined
  /** Operations it consists of. */
  readonly count: number
  /** Bytes of the whole call. */
  readonly requestBytes: number
  /** Tells whether a call that comes again is the same. */
  readonly digest: number
  current: Place | undefined
  saved: Place | undefined
  currentState: StateId | undefined
  savedState: StateId | undefined
  session: Session | undefined
  slot: Slot | undefined
  /** Bytes that the reply may have, and what is said when they don't suffice. */
  mostBytes = 2 ** 20 + 16_384
  overflow: 'resource' | 'replyTooBig' | 'replyTooBigToCache' = 'resource'
  /** A call that was done before, but whose answer wasn't kept. */
  uncached = false
  /** The whole answer of a call that was done before. */
  replay: Uint8Array | undefined
  /** Something was changed: a 4.0 call that comes again must not do so twice. */
  changed = false
  /** Told of the operation under way what was answered. */
  answered: ((status: number, bytes: Uint8Array) => void) | undefined

  constructor(scene: Scene4, call: Pick<Compound, 'minor' | 'caller' | 'credential' | 'count' | 'requestBytes' | 'digest'>) {
    this.scene = scene
    this.minor = call.minor
    this.caller = call.caller
    this.credential = call.credential
    this.count = call.count
    this.requestBytes = call.requestBytes
    this.digest = call.digest
  }

  /** The client's principal: with AUTH_SYS, its user. */
  get principal(): string {
    return this.credential === undefined ? 'nobody' : String(this.credential.uid)
  }

  /** 4.1: whose session it is. @throws {Failure} */
  get client(): Client {
    if (this.session === undefined) throw new Failure('notInSession', 'no session')
    return this.session.client
  }

  /** Whose number an operation's argument is: in 4.1 the session says whose. @throws {Failure} */
  clientOf(id: bigint): Client {
    if (this.session !== undefined) return this.session.client
    const client = this.scene.clients.confirmed(id, 0)
    this.scene.clients.renew(client)
    return client
  }

  /** @throws {Failure} when there is no current file. */
  place(): Place {
    if (this.current === undefined) throw new Failure('noHandle', 'no current file')
    return this.current
  }

  /** The current file, as it is now. @throws {Failure | FileError} */
  target(): Target {
    return this.targetAt(this.place())
  }

  /** @throws {Failure | FileError} */
  savedTarget(): Target {
    if (this.saved === undefined) throw new Failure('noHandle', 'no saved file')
    return this.targetAt(this.saved)
  }

  targetAt({ of, node }: Place): Target {
    return new Target(of, node, this.who(of))
  }

  who(of: Export): Identity {
    return identify(this.credential, of.config)
  }

  /** @throws {Refused} when the caller may not use an export. */
  demandUse(of: Export): void {
    const objection = of.objection(this.caller.address, this.caller.port)
    if (objection !== undefined) throw new Refused('access', objection)
  }

  /** Another current file; the state that went with the old one doesn't go with it. */
  move(place: Place | undefined): void {
    this.current = place
    this.currentState = undefined
  }

  /** What attributes are told of. */
  subject(place: Place, attributes: Attributes): Subject {
    const { exports, tree } = this.scene
    return { place, attributes, minor: this.minor, exports, tree }
  }
}

/** change_info4 of a folder: nothing else comes between. */
export function putChange(xdr: XdrWriter, folder: Target): XdrWriter {
  return xdr.bool(true).u64(folder.attributes.changed).u64(folder.volume.attributes(folder.node).changed)
}

export const noAttributes: Bitmap = bitmapOf([])

/** An operation's work: writes what stands behind its status. @throws {Failure | Refused | FileError | Again}, and what it wrote is taken back; {Malformed} */
export type Act4<Name extends Operation> = (call: Arguments4[Name], at: Compound, xdr: XdrWriter) => void
