/** Who called what: an RPC reply says only whose call it answers (RFC 5531 §9), so whoever reads one has to have seen the call. */
import { u32be } from '../base/bytes.ts'
import type { Layer } from '../wire/dissect.ts'
import { procedures as mountProcedures } from '../wire/mount.ts'
import { procedures as nfs3Procedures } from '../wire/nfs3.ts'
import { markBytes } from '../wire/rpc-record.ts'
import { programs } from '../wire/rpc.ts'

/** Calls remembered; the oldest is forgotten first. */
const most = 4096
/** Up to a call's procedure; up to a reply's accept_stat without a verifier. */
const callBytes = 24
const replyBytes = 24

interface Asked {
  /** The format's name: `nfs3`. */
  readonly protocol: string
  readonly procedure: string
}

export class RpcMemory {
  readonly #calls = new Map<number, Asked>()

  /** @returns the layer that a reply has for one who knows its call; undefined for all else. */
  see(layers: readonly Layer[]): Layer | undefined {
    const rpc = layers.find(({ name }) => name === 'rpc')
    const record = rpc === undefined ? layers.find(({ name }) => name === 'rpc-record') : undefined
    const bytes = rpc?.bytes ?? record?.bytes.subarray(markBytes)
    if (bytes === undefined || bytes.length < callBytes) return undefined
    const [xid, type] = [u32be(bytes, 0), u32be(bytes, 4)]
    if (type === 0) this.#call(xid, bytes)
    return type === 1 ? this.#reply(xid, bytes) : undefined
  }

  #call(xid: number, bytes: Uint8Array): void {
    const asked = nameOf(u32be(bytes, 12), u32be(bytes, 16), u32be(bytes, 20))
    if (asked === undefined) return
    this.#calls.delete(xid)
    this.#calls.set(xid, asked)
    if (this.#calls.size > most) this.#calls.delete(this.#calls.keys().next().value as number)
  }

  /** The call stays remembered: a reply may be sent again. */
  #reply(xid: number, bytes: Uint8Array): Layer | undefined {
    const asked = this.#calls.get(xid)
    if (asked === undefined) return undefined
    const { protocol, procedure } = asked
    const status = bytes.length > replyBytes && u32be(bytes, 8) === 0 && u32be(bytes, 16) === 0 && u32be(bytes, 20) === 0 && bytes.length >= replyBytes + 4 ? u32be(bytes, replyBytes) : undefined
    const fields = [{ name: 'kind', value: 'reply', fields: [] }, { name: 'procedure', value: procedure, fields: [] }, ...(status === undefined ? [] : [{ name: 'status', value: String(status), fields: [] }])]
    return { name: protocol, line: `${protocol} ${procedure} reply${status === undefined ? '' : ` status ${status}`}`, fields, bytes }
  }
}

function nameOf(program: number, version: number, procedure: number): Asked | undefined {
  if (program === programs.mount) return { protocol: 'mount', procedure: mountProcedures[procedure] ?? `procedure ${procedure}` }
  if (program !== programs.nfs) return undefined
  if (version === 4) return { protocol: 'nfs4', procedure: procedure === 0 ? 'null' : 'compound' }
  return version === 3 ? { protocol: 'nfs3', procedure: nfs3Procedures[procedure] ?? `procedure ${procedure}` } : undefined
}
