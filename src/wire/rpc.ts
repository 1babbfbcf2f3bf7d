/** ONC RPC version 2 messages. RFC 5531; AUTH_SYS is its appendix A; record marking is in rpc-record.ts. */
import { fromUtf8, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import type { Cargo } from './format.ts'
import { legible } from './format.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

export const programs = { portmap: 100_000, nfs: 100_003, mount: 100_005, lockManager: 100_021, status: 100_024 } as const
const programNames = new Map<number, string>(Object.entries(programs).map(([name, number]) => [number, name]))

/** auth_flavor (§8.1). */
export const flavors = { none: 0, sys: 1 } as const
/** accept_stat (§9). */
export const accepted = { success: 0, programUnavailable: 1, programMismatch: 2, procedureUnavailable: 3, garbageArguments: 4, systemError: 5 } as const
/** auth_stat (§9). */
export const authentication = { badCredential: 1, rejectedCredential: 2, badVerifier: 3, tooWeak: 5 } as const

/** "an opaque_auth … up to 400 bytes" (§8.2). */
const longestAuth = 400
/** authsys_parms: "gids<16>", a machine name of 255 (appendix A). */
const mostGroups = 16
const longestMachine = 255
const version = 2

export interface OpaqueAuth {
  readonly flavor: number
  readonly body: Uint8Array
}

export interface Call {
  readonly kind: 'call'
  readonly xid: number
  readonly rpcVersion: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly credential: OpaqueAuth
  readonly verifier: OpaqueAuth
  /** A view. */
  readonly payload: Uint8Array
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly status: number; readonly low?: number; readonly high?: number }
  | { readonly kind: 'version mismatch'; readonly low: number; readonly high: number }
  | { readonly kind: 'authentication'; readonly status: number }

export interface Reply {
  readonly kind: 'reply'
  readonly xid: number
  readonly verdict: Verdict
  /** Results, when accepted and successful; a view. */
  readonly payload: Uint8Array
}

/** authsys_parms. */
export interface SystemCredential {
  readonly stamp: number
  readonly machine: string
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

const nothing: OpaqueAuth = { flavor: flavors.none, body: new Uint8Array(0) }

/** @returns a message whose byte fields are views. @throws {Malformed} */
export function parse(bytes: Uint8Array): Call | Reply {
  const xdr = new XdrReader(bytes)
  const xid = xdr.u32()
  const type = xdr.u32()
  if (type === 0) return parseCall(xid, xdr)
  if (type === 1) return parseReply(xid, xdr)
  throw new Malformed(`rpc message type ${type}`)
}

export function buildCall(call: Pick<Call, 'xid' | 'program' | 'version' | 'procedure'> & { readonly credential?: OpaqueAuth; readonly payload: Uint8Array }): Uint8Array {
  const xdr = new XdrWriter(64 + call.payload.length)
  xdr.u32(call.xid).u32(0).u32(version).u32(call.program).u32(call.version).u32(call.procedure)
  putAuth(xdr, call.credential ?? nothing)
  putAuth(xdr, nothing)
  return xdr.fixed(call.payload).bytes
}

/** Writes a reply up to where its results begin. */
export function putReply(xdr: XdrWriter, xid: number, verdict: Verdict): XdrWriter {
  xdr.u32(xid).u32(1)
  if (verdict.kind === 'version mismatch') return xdr.u32(1).u32(0).u32(verdict.low).u32(verdict.high)
  if (verdict.kind === 'authentication') return xdr.u32(1).u32(1).u32(verdict.status)
  xdr.u32(0)
  putAuth(xdr, nothing)
  xdr.u32(verdict.status)
  return verdict.status === accepted.programMismatch ? xdr.u32(verdict.low ?? 0).u32(verdict.high ?? 0) : xdr
}

/** @throws {Malformed} */
export function parseSystem(body: Uint8Array): SystemCredential {
  const xdr = new XdrReader(body)
  const credential = { stamp: xdr.u32(), machine: xdr.string(longestMachine), uid: xdr.u32(), gid: xdr.u32(), groups: xdr.array(mostGroups, () => xdr.u32()) }
  xdr.end()
  return credential
}

export function buildSystem({ stamp, machine, uid, gid, groups }: SystemCredential): OpaqueAuth {
  const xdr = new XdrWriter().u32(stamp).string(machine).u32(uid).u32(gid).u32(groups.length)
  for (const group of groups) xdr.u32(group)
  return { flavor: flavors.sys, body: xdr.bytes }
}

export function format(message: Call | Reply): string {
  if (message.kind === 'reply') return `rpc reply ${hexXid(message.xid)} ${verdictText(message.verdict)}, ${message.payload.length} bytes`
  const who = message.credential.flavor === flavors.sys ? ` as ${systemText(message.credential.body)}` : ''
  return `rpc call ${hexXid(message.xid)} ${programNames.get(message.program) ?? message.program} v${message.version} procedure ${message.procedure}${who}`
}

/** A call carries, under its program and version, its procedure's number and arguments. What a reply carries only the asker knows. */
export function carries(message: Call | Reply): Cargo | undefined {
  if (message.kind === 'reply' || message.rpcVersion !== version || message.version > 15) return undefined
  const xdr = new XdrWriter(4 + message.payload.length).u32(message.procedure).fixed(message.payload)
  return { space: 'rpc', numbers: [carried(message.program, message.version)], bytes: xdr.bytes }
}

/** The number in the space `rpc` of what a program's calls carry. */
export const carried = (program: number, version: number): number => program * 16 + version

function parseCall(xid: number, xdr: XdrReader): Call {
  const rpcVersion = xdr.u32()
  // A version that isn't ours may go on as it likes.
  if (rpcVersion !== version) return { kind: 'call', xid, rpcVersion, program: 0, version: 0, procedure: 0, credential: nothing, verifier: nothing, payload: xdr.rest() }
  const [program, programVersion, procedure] = [xdr.u32(), xdr.u32(), xdr.u32()]
  return { kind: 'call', xid, rpcVersion, program, version: programVersion, procedure, credential: auth(xdr), verifier: auth(xdr), payload: xdr.rest() }
}

function parseReply(xid: number, xdr: XdrReader): Reply {
  const empty = new Uint8Array(0)
  if (xdr.bool()) {
    const verdict: Verdict = xdr.bool() ? { kind: 'authentication', status: xdr.u32() } : { kind: 'version mismatch', low: xdr.u32(), high: xdr.u32() }
    return { kind: 'reply', xid, verdict, payload: empty }
  }
  auth(xdr)
  const status = xdr.u32()
  if (status === accepted.programMismatch) return { kind: 'reply', xid, verdict: { kind: 'accepted', status, low: xdr.u32(), high: xdr.u32() }, payload: empty }
  return { kind: 'reply', xid, verdict: { kind: 'accepted', status }, payload: status === accepted.success ? xdr.rest() : empty }
}

const auth = (xdr: XdrReader): OpaqueAuth => ({ flavor: xdr.u32(), body: xdr.opaque(longestAuth) })

function putAuth(xdr: XdrWriter, { flavor, body }: OpaqueAuth): void {
  xdr.u32(flavor).opaque(body)
}

const hexXid = (xid: number): string => `0x${xid.toString(16).padStart(8, '0')}`

function systemText(body: Uint8Array): string {
  try {
    const { machine, uid, gid } = parseSystem(body)
    return `${uid}:${gid}@${legible(fromUtf8(latin1(machine)))}`
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return 'a broken credential'
  }
}

const acceptedNames = ['success', 'program unavailable', 'program version mismatch', 'procedure unavailable', 'garbage arguments', 'system error']

function verdictText(verdict: Verdict): string {
  if (verdict.kind === 'accepted') return acceptedNames[verdict.status] ?? `status ${verdict.status}`
  return verdict.kind === 'authentication' ? `authentication refused (${verdict.status})` : `rpc versions ${verdict.low}-${verdict.high} only`
}
