/** NFSv4.1: arguments of the operations that came with sessions. RFC 5662; RFC 8881 §18.33 to §18.51. */
import type { XdrReader } from './xdr.ts'
import { Malformed } from '../base/errors.ts'
import { type Operation, otherBytes, sessionBytes, type StateId, verifierBytes, longestOpaque } from './nfs4.ts'

/** channel_attrs4. Sizes in bytes. */
export interface Channel {
  readonly headerPadding: number
  readonly request: number
  readonly reply: number
  readonly cachedReply: number
  readonly operations: number
  readonly slots: number
}

/** What is read and answered with NFS4ERR_NOTSUPP, whatever stands in it. */
export type Unsupported = 'getDirDelegation' | 'getdeviceinfo' | 'getdevicelist' | 'layoutcommit' | 'layoutget' | 'layoutreturn' | 'setSsv' | 'wantDelegation'

export interface SessionArguments extends Readonly<Record<Unsupported, object>> {
  readonly backchannelCtl: { readonly program: number }
  readonly bindConnToSession: { readonly session: Uint8Array; readonly direction: number; readonly rdma: boolean }
  readonly exchangeId: { readonly verifier: Uint8Array; readonly id: Uint8Array; readonly flags: number; readonly protection: number }
  readonly createSession: { readonly client: bigint; readonly sequence: number; readonly flags: number; readonly fore: Channel; readonly back: Channel }
  readonly destroySession: { readonly session: Uint8Array }
  readonly freeStateid: { readonly state: StateId }
  readonly secinfoNoName: { readonly style: number }
  readonly sequence: { readonly session: Uint8Array; readonly sequence: number; readonly slot: number; readonly highestSlot: number; readonly cache: boolean }
  readonly testStateid: { readonly states: readonly StateId[] }
  readonly destroyClientid: { readonly client: bigint }
  readonly reclaimComplete: { readonly oneFileSystem: boolean }
}

const mostStates = 4096
const mostSecurity = 16
const mostMechanisms = 64
const nothing = (): object => ({})
const session = (xdr: XdrReader): Uint8Array => xdr.fixed(sessionBytes)
const state = (xdr: XdrReader): StateId => ({ sequence: xdr.u32(), other: xdr.fixed(otherBytes) })

type Own = Exclude<keyof SessionArguments, never> & Operation

export const sessionReaders: { readonly [Name in Own]: (xdr: XdrReader) => SessionArguments[Name] } = {
  getDirDelegation: nothing,
  getdeviceinfo: nothing,
  getdevicelist: nothing,
  layoutcommit: nothing,
  layoutget: nothing,
  layoutreturn: nothing,
  setSsv: nothing,
  wantDelegation: nothing,
  backchannelCtl: (xdr) => ({ program: xdr.u32(), security: security(xdr) }),
  bindConnToSession: (xdr) => ({ session: session(xdr), direction: xdr.u32(), rdma: xdr.bool() }),
  exchangeId: readExchange,
  createSession: readSession,
  destroySession: (xdr) => ({ session: session(xdr) }),
  freeStateid: (xdr) => ({ state: state(xdr) }),
  secinfoNoName: (xdr) => ({ style: xdr.u32() }),
  sequence: (xdr) => ({ session: session(xdr), sequence: xdr.u32(), slot: xdr.u32(), highestSlot: xdr.u32(), cache: xdr.bool() }),
  testStateid: (xdr) => ({ states: xdr.array(mostStates, () => state(xdr)) }),
  destroyClientid: (xdr) => ({ client: xdr.u64() }),
  reclaimComplete: (xdr) => ({ oneFileSystem: xdr.bool() }),
}

function readExchange(xdr: XdrReader): SessionArguments['exchangeId'] {
  const head = { verifier: xdr.fixed(verifierBytes), id: xdr.opaque(longestOpaque), flags: xdr.u32(), protection: xdr.u32() }
  if (head.protection > 2) throw new Malformed(`nfs4 state_protect_how ${head.protection}`)
  if (head.protection > 0) protection(xdr, head.protection)
  // nfs_impl_id4: a domain, a name, a date.
  xdr.array(1, () => [xdr.opaque(longestOpaque), xdr.opaque(longestOpaque), xdr.u64(), xdr.u32()])
  return head
}

/** state_protect_ops4 twice, and what SP4_SSV has beside. */
function protection(xdr: XdrReader, how: number): void {
  for (let times = 0; times < 2; times++) xdr.array(8, () => xdr.u32())
  if (how === 1) return
  for (let times = 0; times < 2; times++) xdr.array(mostMechanisms, () => xdr.opaque(longestOpaque))
  xdr.u32()
  xdr.u32()
}

function readSession(xdr: XdrReader): SessionArguments['createSession'] {
  const head = { client: xdr.u64(), sequence: xdr.u32(), flags: xdr.u32(), fore: channel(xdr), back: channel(xdr) }
  xdr.u32()
  security(xdr)
  return head
}

function channel(xdr: XdrReader): Channel {
  const read = { headerPadding: xdr.u32(), request: xdr.u32(), reply: xdr.u32(), cachedReply: xdr.u32(), operations: xdr.u32(), slots: xdr.u32() }
  // ca_rdma_ird.
  xdr.array(1, () => xdr.u32())
  return read
}

/** callback_sec_parms4: read past, for nobody calls back. */
function security(xdr: XdrReader): number {
  const each = (): number => {
    const flavor = xdr.u32()
    if (flavor === 1) {
      // authsys_parms: a stamp, a machine, who.
      xdr.u32()
      xdr.opaque(255)
      xdr.u32()
      xdr.u32()
      xdr.array(16, () => xdr.u32())
    } else if (flavor === 6) {
      xdr.u32()
      xdr.opaque(longestOpaque)
      xdr.opaque(longestOpaque)
    } else if (flavor !== 0) throw new Malformed(`nfs4 callback security ${flavor}`)
    return flavor
  }
  return xdr.array(mostSecurity, each).length
}
