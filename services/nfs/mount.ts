/** The MOUNT program: a path becomes a first handle. RFC 1813 §5; version 1 by RFC 1094 appendix A. */
import type { SystemCredential } from '../../src/wire/rpc.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { Caller, Program } from '../rpc/dispatch.ts'
import { fromUtf8, latin1, utf8, fromLatin1 } from '../../src/base/bytes.ts'
import type { Log } from '../../src/base/log.ts'
import { formatSubnet4 } from '../../src/wire/address.ts'
import { accepted, flavors, programs } from '../../src/wire/rpc.ts'
import { longestName, parseArguments, procedures, status } from '../../src/wire/mount.ts'
import { legible } from '../../src/wire/format.ts'
import { nearest } from '../near.ts'
import type { Export, ExportTable } from './exports.ts'
import { reasonOf } from './refused.ts'

export const port = 20_048
/** Entries of DUMP's list; the oldest is forgotten. */
const mostMounts = 1024

interface Mounted {
  readonly client: string
  readonly path: string
}

const byReason: Readonly<Record<string, number>> = { notFound: status.notFound, notDirectory: status.notDirectory, access: status.access, nameTooLong: status.nameTooLong, io: status.io }

export class Mount implements Program {
  readonly number = programs.mount
  readonly name = 'mount'
  readonly versions = [1, 3]
  readonly #exports: ExportTable
  readonly #log: Log
  readonly #mounts = new Map<string, Mounted>()

  constructor(exports: ExportTable, log: Log) {
    this.#exports = exports
    this.#log = log
  }

  /** Who says to have mounted what. */
  get mounts(): readonly Mounted[] {
    return [...this.#mounts.values()]
  }

  changes(): boolean {
    return false
  }

  serve({ version, procedure }: { version: number; procedure: number; credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number {
    const name = procedures[procedure]
    if (name === undefined || (version === 3 && name === 'exportall')) return accepted.procedureUnavailable
    const call = parseArguments(name, xdr)
    if (call.procedure === 'mnt' && 'path' in call) this.#mount(call.path, version, results, caller)
    else if (call.procedure === 'umnt' && 'path' in call) this.#mounts.delete(`${caller.address} ${call.path}`)
    else if (call.procedure === 'umntall') for (const [key, { client }] of this.#mounts) if (client === caller.address) this.#mounts.delete(key)
    if (call.procedure === 'dump') results.list(this.mounts, (each) => results.string(each.client.slice(0, longestName)).string(each.path))
    if (call.procedure === 'export' || call.procedure === 'exportall') results.list(this.#exports.exports, (each) => putExport(results, each))
    return accepted.success
  }

  #mount(path: string, version: number, results: XdrWriter, caller: Caller): void {
    const shown = legible(fromUtf8(latin1(path)))
    const fields = { client: caller.address, path: shown }
    const found = this.#find(path, caller)
    if (typeof found !== 'object') {
      results.u32(found)
      const near = found === status.notFound ? nearest(shown, this.#exports.exports.map((each) => each.config.name), 1) : []
      const why = found === status.access ? 'it may not' : found === status.notDirectory ? 'it is no folder' : `it is not exported${near.length === 0 ? `; there is ${this.#exports.exports.map((each) => each.config.name).join(', ')}` : `; there is ${near[0]}`}`
      this.#log.warn('nfs.mount-refused', `${caller.address} can’t mount ${shown}: ${why}`, { ...fields, status: found })
      return
    }
    results.u32(status.ok)
    if (version === 1) results.fixed(found.handle)
    else results.opaque(found.handle).u32(2).u32(flavors.sys).u32(flavors.none)
    this.#remember({ client: caller.address, path })
    this.#log.info('nfs.mount', `${caller.address} mounts ${shown} over ${caller.transport}`, fields)
  }

  /** @returns a handle, or what is wrong. */
  #find(path: string, { address, port: from }: Caller): { readonly handle: Uint8Array } | number {
    // Export names are text, paths bytes.
    const found = this.#exports.find(fromUtf8(latin1(path)))
    if (found === undefined) return status.notFound
    const { of } = found
    if (of.objection(address, from) !== undefined) return status.access
    try {
      let node = of.volume.root
      for (const part of found.below) node = of.volume.lookup(node, fromLatin1(utf8(part)))
      return of.volume.attributes(node).kind === 'folder' ? { handle: this.#exports.seal(of, node) } : status.notDirectory
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      return byReason[reason] ?? status.serverFault
    }
  }

  #remember(mounted: Mounted): void {
    const key = `${mounted.client} ${mounted.path}`
    this.#mounts.delete(key)
    this.#mounts.set(key, mounted)
    for (const oldest of this.#mounts.keys()) {
      if (this.#mounts.size <= mostMounts) return
      this.#mounts.delete(oldest)
    }
  }
}

/** exportnode: the path, and who may mount it. */
function putExport(results: XdrWriter, { config }: Export): void {
  results.string(fromLatin1(utf8(config.name)))
  results.list(config.clients.map(formatSubnet4), (client) => results.string(client))
}
