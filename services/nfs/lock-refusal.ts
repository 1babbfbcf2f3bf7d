/**
 * The network lock manager, which says that there are no locks. X/Open, "Protocols for Interworking: XNFS", chapter 10; version 4 is RFC 1813's
 * appendix II. A client that asks hears `nlm_denied_nolocks` at once (ENOLCK) instead of waiting for a server that isn't there.
 */
import type { Log } from '../../src/base/log.ts'
import { accepted, programs } from '../../src/wire/rpc.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { Caller, Program } from '../rpc/dispatch.ts'

export const port = 4045
/** nlm_stats: LCK_DENIED_NOLOCKS. */
const noLocks = 2
/** MAXNETOBJ_SZ. */
const longestCookie = 1024
/** TEST, LOCK, CANCEL, UNLOCK, GRANTED; SHARE and UNSHARE; NM_LOCK; FREE_ALL. */
const procedures = { null: 0, test: 1, granted: 5, share: 20, unshare: 21, lockUnmonitored: 22, freeAll: 23 } as const

export class LockRefusal implements Program {
  readonly number = programs.lockManager
  readonly name = 'nlm'
  readonly versions = [1, 3, 4]
  readonly #log: Log
  #told = false

  constructor(log: Log) {
    this.#log = log
  }

  changes(): boolean {
    return false
  }

  serve({ procedure }: { procedure: number }, xdr: XdrReader, results: XdrWriter, caller: Caller): number | undefined {
    if (procedure === procedures.null || procedure === procedures.freeAll) return accepted.success
    const synchronous = (procedure >= procedures.test && procedure <= procedures.granted) || (procedure >= procedures.share && procedure <= procedures.lockUnmonitored)
    if (!synchronous) return accepted.procedureUnavailable
    results.opaque(xdr.opaque(longestCookie)).u32(noLocks)
    // nlm_shareres has a sequence number behind its status.
    if (procedure === procedures.share || procedure === procedures.unshare) results.u32(0)
    if (!this.#told) this.#log.warn('nfs.no-locks', `${caller.address} asks for a lock: there are none over NFS version 3 here; mount with -o nolock`, { client: caller.address })
    this.#told = true
    return accepted.success
  }
}
