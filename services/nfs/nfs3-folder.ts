/** NFSv3 READDIR and READDIRPLUS. RFC 1813 §3.3.16, §3.3.17. */
import type { XdrWriter } from '../../src/wire/xdr.ts'
import { verifierBytes } from '../../src/wire/nfs3.ts'
import { putAfter, putHandle } from '../../src/wire/nfs3-results.ts'
import type { NodeId } from '../../src/stack/volume.ts'
import { isName } from '../../src/stack/volume.ts'
import { demand, want } from './identity.ts'
import { handleBytes } from './exports.ts'
import { transferBytes } from './nfs3-look.ts'
import type { Act, Results, Scene } from './nfs3.ts'
import { reasonOf, Refused } from './refused.ts'
import { attributesAfter, type Target } from './target.ts'

/** Of an entry beside its name: a 1, fileid, the name's length, cookie. */
const entryBytes = 4 + 8 + 4 + 8
/** What READDIRPLUS adds: attributes and handle, each with its flag. */
const plusBytes = 4 + 84 + 4 + 4 + handleBytes
/** One reply is held in memory, and in the connection. */
const mostReplyBytes = 2 ** 18

interface Limits {
  /** Of the whole result. */
  readonly bytes: number
  /** Of names, numbers and cookies alone. */
  readonly nameBytes: number
  readonly plus: boolean
}

export const readdir: Act<'readdir'> = (call, folder, scene) => listing(call, folder, scene, { bytes: call.maxBytes, nameBytes: call.maxBytes, plus: false })

export const readdirplus: Act<'readdirplus'> = (call, folder, scene) => listing(call, folder, scene, { bytes: call.maxBytes, nameBytes: call.maxNames, plus: true })

function listing({ cookie, verifier }: { cookie: bigint; verifier: Uint8Array }, folder: Target, scene: Scene, limits: Limits): Results {
  folder.folder()
  demand(folder.who, folder.attributes, want.read)
  if (cookie !== 0n && verifier.some((byte) => byte !== 0)) throw new Refused('badCookie', 'no listing of ours has that verifier')
  const room = Math.min(limits.bytes, mostReplyBytes, transferBytes[scene.caller.transport])
  return (xdr) => {
    const end = xdr.length + room
    putAfter(xdr, folder.after()).fixed(new Uint8Array(verifierBytes))
    // The end of the list and eof are kept free.
    const { count, eof } = new Filler(xdr, folder, scene, { ...limits, bytes: end - 8 }).fill(cookie)
    if (count === 0 && !eof) throw new Refused('tooSmall', `no entry fits into ${limits.bytes} bytes`)
    xdr.u32(0).bool(eof)
  }
}

/** Puts entries as long as there is room for them. */
class Filler {
  readonly #xdr: XdrWriter
  readonly #folder: Target
  readonly #scene: Scene
  readonly #limits: Limits
  #count = 0
  #nameBytes = 0

  constructor(xdr: XdrWriter, folder: Target, scene: Scene, limits: Limits) {
    this.#xdr = xdr
    this.#folder = folder
    this.#scene = scene
    this.#limits = limits
  }

  fill(cookie: bigint): { readonly count: number; readonly eof: boolean } {
    const { volume, node } = this.#folder
    if (cookie < 1n && !this.#put('.', 1, node)) return this.#end(false)
    if (cookie < 2n && !this.#put('..', 2, volume.parent(node))) return this.#end(false)
    for (const { name, cookie: own } of this.#scene.listings.after(this.#folder, cookie)) {
      const found = this.#find(name)
      if (found !== undefined && !this.#put(name, own, found)) return this.#end(false)
    }
    return this.#end(true)
  }

  #end(eof: boolean): { readonly count: number; readonly eof: boolean } {
    return { count: this.#count, eof }
  }

  /** @returns undefined for what is gone since the listing was made, or has no name that could be asked for. */
  #find(name: string): NodeId | undefined {
    if (!isName(name)) return undefined
    try {
      return this.#folder.volume.lookup(this.#folder.node, name)
    } catch (error) {
      if (reasonOf(error) === undefined) throw error
      return undefined
    }
  }

  #put(name: string, cookie: number, node: NodeId): boolean {
    const { plus, bytes, nameBytes } = this.#limits
    const own = entryBytes + ((name.length + 3) & ~3)
    if (this.#xdr.length + own + (plus ? plusBytes : 0) > bytes) return false
    if (this.#count > 0 && this.#nameBytes + own > nameBytes) return false
    this.#xdr.u32(1).offset(node).string(name).offset(cookie)
    if (plus) {
      const { of } = this.#folder
      putAfter(this.#xdr, attributesAfter(of, node))
      putHandle(this.#xdr, this.#scene.exports.seal(of, node))
    }
    this.#count++
    this.#nameBytes += own
    return true
  }
}

