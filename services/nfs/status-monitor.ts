/**
 * The network status monitor, as far as a server that watches nobody needs it: a machine that was restarted says so (SM_NOTIFY), and what it
 * had locked is free. X/Open, "Protocols for Interworking: XNFS", chapter 11.
 */
import { accepted, programs } from '../../src/wire/rpc.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { Caller, Program } from '../rpc/dispatch.ts'
import type { LockManager } from './lock-manager.ts'

export const port = 4046
/** SM_MAXSTRLEN. */
const longestName = 1024
const procedures = { null: 0, stat: 1, monitor: 2, unmonitor: 3, unmonitorAll: 4, simulateCrash: 5, notify: 6 } as const
/** stat_fail: nobody is watched for others. */
const failed = 1
/** Odd: we are up. */
const ownState = 1

export class StatusMonitor implements Program {
  readonly number = programs.status
  readonly name = 'status'
  readonly versions = [1]
  readonly #locks: Pick<LockManager, 'restarted'>

  constructor(locks: Pick<LockManager, 'restarted'>) {
    this.#locks = locks
  }

  changes(): boolean {
    return false
  }

  serve({ procedure }: { procedure: number }, xdr: XdrReader, results: XdrWriter, { address }: Caller): number {
    switch (procedure) {
      case procedures.null:
      case procedures.simulateCrash:
        break
      case procedures.stat:
      case procedures.monitor:
        results.u32(failed).u32(ownState)
        break
      case procedures.unmonitor:
      case procedures.unmonitorAll:
        results.u32(ownState)
        break
      case procedures.notify:
        this.#locks.restarted(xdr.string(longestName), address)
        break
      default:
        return accepted.procedureUnavailable
    }
    return accepted.success
  }
}
