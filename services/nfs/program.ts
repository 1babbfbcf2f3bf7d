/** RPC program 100003: NFS in the versions that there are. Version 4 is for transports that mind congestion (RFC 7530 §3.1): not for UDP. */
import type { SystemCredential } from '../../src/wire/rpc.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import { programs } from '../../src/wire/rpc.ts'
import type { Caller, Program, Transport } from '../rpc/dispatch.ts'
import type { Nfs3 } from './nfs3.ts'
import type { Nfs4 } from './v4/nfs4.ts'

export class NfsProgram implements Program {
  readonly number = programs.nfs
  readonly name = 'nfs'
  readonly versions = [3, 4]
  readonly #nfs3: Nfs3
  readonly #nfs4: Nfs4

  constructor(nfs3: Nfs3, nfs4: Nfs4) {
    this.#nfs3 = nfs3
    this.#nfs4 = nfs4
  }

  get changed(): boolean {
    return this.#nfs4.changed
  }

  versionsOver(transport: Transport): readonly number[] {
    return transport === 'tcp' ? this.versions : [3]
  }

  changes(version: number, procedure: number): boolean | 'perhaps' {
    return version === 3 ? this.#nfs3.changes(version, procedure) : procedure === 1 && 'perhaps'
  }

  serve(call: { readonly version: number; readonly procedure: number; readonly credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number {
    return (call.version === 3 ? this.#nfs3 : this.#nfs4).serve(call, xdr, results, caller)
  }
}
