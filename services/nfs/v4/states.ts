/** What a client holds on the server: files open, and locks on them, each known by a stateid. RFC 7530 §9.1.4, RFC 8881 §8.2. */
import { putU32be } from '../../../src/base/bytes.ts'
import { otherBytes, type StateId } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import type { OpenFile, Share } from '../open-files.ts'
import type { Client } from './client.ts'
import type { LockOwner, OpenOwner } from './owners.ts'

abstract class Held {
  readonly client: Client
  readonly file: OpenFile
  /** Known by it within its client. */
  readonly serial: number
  /** Grows with every change; never 0. */
  sequence = 0

  constructor(client: Client, file: OpenFile) {
    this.client = client
    this.file = file
    this.serial = client.hold(this as never)
  }

  /** One change more. */
  advance(): void {
    this.sequence = (this.sequence + 1) >>> 0 || 1
  }
}

export class OpenState extends Held implements Share {
  readonly kind = 'open'
  readonly owner: OpenOwner
  /** Who opened it: what was allowed then stays so. */
  readonly uid: number
  access = 0
  deny = 0
  /** Access and denial of every OPEN that this one is made of, which OPEN_DOWNGRADE may go back to. */
  readonly parts = new Set<number>()
  readonly locks = new Set<LockState>()

  constructor(owner: OpenOwner, file: OpenFile, uid: number) {
    super(owner.client, file)
    this.owner = owner
    this.uid = uid
    owner.opens.add(this)
    file.shares.add(this)
  }
}

export class LockState extends Held {
  readonly kind = 'lock'
  readonly owner: LockOwner
  readonly open: OpenState

  constructor(owner: LockOwner, open: OpenState) {
    super(owner.client, open.file)
    this.owner = owner
    this.open = open
    open.locks.add(this)
    owner.states.add(this)
  }

  get access(): number {
    return this.open.access
  }
}

export type State = OpenState | LockState

/** Its sequence; which server, which client, which state. */
export function idOf(state: State): StateId {
  const other = new Uint8Array(otherBytes)
  putU32be(other, 0, state.client.boot)
  putU32be(other, 4, state.client.serial)
  putU32be(other, 8, state.serial)
  return { sequence: state.sequence, other }
}

export const putState = (xdr: XdrWriter, { sequence, other }: StateId): XdrWriter => xdr.u32(sequence).fixed(other)
