/** What is exported, and the handles by which clients hold on to it. RFC 1813 §2.4: a handle is opaque to the client, and lasts. */
import type { ExportConfig } from './config.ts'
import { equal, fromLatin1, hex, putU32be, u32be } from '../../src/base/bytes.ts'
import { hash32 } from '../../src/base/random.ts'
import { HmacKey } from '../../src/base/sha256.ts'
import type { NodeId, Volume } from '../../src/stack/volume.ts'
import { inSubnet, parseIpv4 } from '../../src/wire/address.ts'
import { Refused } from './refused.ts'

/** The lowest port that only a client's root may use is below this. */
const firstFreePort = 1024
/** Signatures remembered, of handles given and of handles heard. */
const mostKnown = 8192
/** Export (4), thing (8), signature (20): 32 bytes, as many as version 1 of MOUNT has. */
const signedBytes = 12
const signatureBytes = 20
export const handleBytes = signedBytes + signatureBytes

export class Export {
  readonly config: ExportConfig
  readonly volume: Volume
  /** Stands in handles: comes from the name, so that it is the same in every run. */
  readonly number: number
  /** The file system's number on the wire. */
  readonly fsid: bigint
  readonly readOnly: boolean
  /** Handles given lately: a signature costs more than the rest of a call. */
  readonly sealed = new Map<NodeId, Uint8Array>()

  constructor(config: ExportConfig, volume: Volume, number: number) {
    this.config = config
    this.volume = volume
    this.number = number
    this.fsid = (BigInt(number) << 32n) | BigInt(hash32(config.name, 4))
    this.readOnly = config.source.write === false
  }

  /** Why a client may not use it; undefined when it may. */
  objection(address: string, port: number): string | undefined {
    const { clients, secure } = this.config
    if (clients.length > 0 && !clients.some((subnet) => inSubnet(subnet, parseIpv4(address)))) return 'its network is not among the clients'
    return secure && port >= firstFreePort ? `it calls from port ${port}, and the export is secure` : undefined
  }
}

export class ExportTable {
  readonly exports: readonly Export[]
  readonly #byNumber: Map<number, Export>
  readonly #key: HmacKey
  /** Handles that were found good. */
  readonly #known = new Map<string, { readonly of: Export; readonly node: NodeId }>()

  /** @param key signs handles; from the lab's seed, so that they outlive a restart. */
  constructor(configs: readonly ExportConfig[], open: (config: ExportConfig) => Volume, key: Uint8Array) {
    const byNumber = new Map<number, Export>()
    for (const config of configs) {
      let number = hash32(config.name, 3)
      // 0 is whoever is added later.
      while (number === 0 || byNumber.has(number)) number = (number + 1) >>> 0
      byNumber.set(number, new Export(config, open(config), number))
    }
    this.#byNumber = byNumber
    this.exports = [...byNumber.values()]
    this.#key = new HmacKey(key)
  }

  /** One more that handles may stand for, and nobody mounts. */
  add(of: Export): void {
    this.#byNumber.set(of.number, of)
  }

  /** @returns bytes that nobody may change. */
  seal(of: Export, node: NodeId): Uint8Array {
    const kept = of.sealed.get(node)
    if (kept !== undefined) return kept
    if (of.sealed.size >= mostKnown) of.sealed.clear()
    const handle = new Uint8Array(handleBytes)
    putU32be(handle, 0, of.number)
    putU32be(handle, 4, Math.floor(node / 0x1_0000_0000))
    putU32be(handle, 8, node % 0x1_0000_0000)
    handle.set(this.#sign(handle), signedBytes)
    of.sealed.set(node, handle)
    return handle
  }

  /** @throws {Refused} for a handle that was never given, or of an export that is no more. */
  open(handle: Uint8Array): { readonly of: Export; readonly node: NodeId } {
    const word = fromLatin1(handle)
    const known = this.#known.get(word)
    if (known !== undefined) return known
    if (handle.length !== handleBytes || !equal(this.#sign(handle), handle.subarray(signedBytes))) throw new Refused('badHandle', `nobody gave the handle ${hex(handle.subarray(0, 8))}…`)
    const of = this.#byNumber.get(u32be(handle, 0))
    if (of === undefined) throw new Refused('stale', 'its export is gone')
    const found = { of, node: u32be(handle, 4) * 0x1_0000_0000 + u32be(handle, 8) }
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(word, found)
    return found
  }

  /** The export that a path lies in, and what is left of the path, by parts. The longest name wins. */
  find(path: string): { readonly of: Export; readonly below: readonly string[] } | undefined {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    if (!path.startsWith('/') || parts.includes('..')) return undefined
    for (let count = parts.length; count >= 0; count--) {
      const of = this.exports.find((each) => each.config.name === `/${parts.slice(0, count).join('/')}`)
      if (of !== undefined) return { of, below: parts.slice(count) }
    }
    return undefined
  }

  close(): void {
    for (const { volume } of this.exports) volume.close()
  }

  #sign(handle: Uint8Array): Uint8Array {
    return this.#key.sign(handle.subarray(0, signedBytes)).subarray(0, signatureBytes)
  }
}
