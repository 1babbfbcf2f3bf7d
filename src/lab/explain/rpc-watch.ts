/** Follows a node's calls of NFS and MOUNT far enough to know which were refused, and why. RFC 5531 §9, RFC 1813, RFC 7530. Only headers are looked at. */
import { fromUtf8, u32be } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import * as mount from '../../wire/mount.ts'
import * as rpc from '../../wire/rpc.ts'
import { XdrReader } from '../../wire/xdr.ts'
import { type Story, tell } from './story.ts'

/** Calls without a reply that are remembered; beyond it the oldest is forgotten. */
const mostCalls = 128
const mntProcedure = 1
/** A call's header up to its program; in TCP a record mark stands before it. */
const headerBytes = 24
const markBytes = 4
/** NFS3ERR_STALE and NFS3ERR_BADHANDLE; version 4 has the same numbers (RFC 7530 §13.1.2). */
const lost: ReadonlySet<number> = new Set([70, 10_001])

interface Asked {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly path: string | undefined
}

export class RpcWatch {
  readonly #story: Story
  readonly #calls = new Map<number, Asked>()

  constructor(story: Story) {
    this.#story = story
  }

  /** What a datagram or segment carries. @param stream it is TCP's, where messages have a record mark; only what begins a segment is seen. */
  see(way: 'in' | 'out', time: Instant, data: Uint8Array, peer: string, stream: boolean): void {
    const at = stream ? markBytes : 0
    if (data.length < at + headerBytes) return
    if (way === 'in') {
      const asked = this.#calls.get(u32be(data, at))
      if (asked === undefined || u32be(data, at + 4) !== 1) return
      this.#calls.delete(u32be(data, at))
      return this.#reply(time, asked, data.subarray(at), peer)
    }
    const program = u32be(data, at + 12)
    if (u32be(data, at + 4) === 0 && u32be(data, at + 8) === 2 && (program === rpc.programs.nfs || program === rpc.programs.mount)) this.#call(time, data.subarray(at), peer)
  }

  #call(time: Instant, bytes: Uint8Array, peer: string): void {
    try {
      const message = rpc.parse(bytes)
      if (message.kind !== 'call') return
      const { program, version, procedure, payload } = message
      const path = program === rpc.programs.mount && procedure === mntProcedure ? fromUtf8(Uint8Array.from(new XdrReader(payload).string(mount.longestPath), (char) => char.charCodeAt(0))) : undefined
      this.#calls.set(message.xid, { program, version, procedure, path })
      for (const oldest of this.#calls.keys()) {
        if (this.#calls.size <= mostCalls) break
        this.#calls.delete(oldest)
      }
      if (path !== undefined) tell(this.#story, time, 'nfs', `mounts ${peer}:${path}`)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
    }
  }

  #reply(time: Instant, asked: Asked, bytes: Uint8Array, server: string): void {
    const { verdict, status } = verdictOf(bytes)
    if (verdict === undefined) return
    const own = this.#story.nfs
    const { program, version, procedure, path } = asked
    if (verdict.kind !== 'accepted') {
      if (own.denied === undefined) tell(this.#story, time, 'nfs', `${server} refuses the caller`)
      own.denied = { server }
    } else if (verdict.status === rpc.accepted.programMismatch || verdict.status === rpc.accepted.programUnavailable) {
      own.mismatch = { server, program: program === rpc.programs.nfs ? 'NFS' : 'MOUNT', version, low: verdict.low, high: verdict.high }
      tell(this.#story, time, 'nfs', `${server} does not speak ${own.mismatch.program} version ${version}`)
    } else if (verdict.status === rpc.accepted.success) {
      own.mismatch = undefined
      if (path !== undefined && status !== undefined) this.#mounted(time, path, server, status)
      else if (program === rpc.programs.nfs && procedure > 0 && status !== undefined && lost.has(status)) {
        if (own.stale === undefined) tell(this.#story, time, 'nfs', `${server} knows a handle no more (status ${status})`)
        own.stale = { server, times: (own.stale?.times ?? 0) + 1, known: own.mounted }
      }
    }
  }

  #mounted(time: Instant, path: string, server: string, status: number): void {
    tell(this.#story, time, 'nfs', status === 0 ? `${server}:${path} is mounted` : `${server} refuses ${path} (status ${status})`)
    this.#story.nfs.refused = status === 0 ? undefined : { path, server, status }
    if (status === 0) this.#story.nfs.mounted = true
  }
}

/** The reply's verdict, and the status with which every result of MNT and NFS begins. */
function verdictOf(bytes: Uint8Array): { readonly verdict: rpc.Verdict | undefined; readonly status: number | undefined } {
  try {
    const message = rpc.parse(bytes)
    if (message.kind !== 'reply') return { verdict: undefined, status: undefined }
    return { verdict: message.verdict, status: message.payload.length >= 4 ? u32be(message.payload, 0) : undefined }
  } catch (error) {
    if (error instanceof Malformed) return { verdict: undefined, status: undefined }
    throw error
  }
}
