/** NFS version 3: the program. RFC 1813 §3. The procedures are in nfs3-look.ts, nfs3-folder.ts and nfs3-change.ts. */
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { SystemCredential } from '../../src/wire/rpc.ts'
import type { Caller, Program } from '../rpc/dispatch.ts'
import { accepted, programs } from '../../src/wire/rpc.ts'
import { type Arguments, type ArgumentsOf, parseArguments, type Procedure, procedures } from '../../src/wire/nfs3.ts'
import { putAfter, putCacheData, status } from '../../src/wire/nfs3-results.ts'
import type { ExportTable } from './exports.ts'
import { identify } from './identity.ts'
import { Listings } from './listings.ts'
import { reasonOf, Refused } from './refused.ts'
import { Target } from './target.ts'
import { access, fsinfo, fsstat, getattr, lookup, pathconf, read, readlink } from './nfs3-look.ts'
import { readdir, readdirplus } from './nfs3-folder.ts'
import { commit, create, link, mkdir, mknod, remove, rename, rmdir, setattr, symlink, write } from './nfs3-change.ts'

/** What a procedure works with. */
export interface Scene {
  readonly exports: ExportTable
  readonly listings: Listings
  readonly caller: Caller
  /** "a cookie that the client can use to determine whether a server has changed boot instances" (§3.3.7). */
  readonly verifier: Uint8Array
  /** What a handle stands for. @throws {Refused} */
  target(handle: Uint8Array): Target
}

/** Writes the results of a call that did well, behind its status. @throws {Refused | FileError}, and what it wrote is taken back. */
export type Results = (xdr: XdrWriter) => unknown

/** A procedure's work. @throws {Refused | FileError} */
export type Act<Name extends Procedure> = (call: ArgumentsOf<Name>, target: Target, scene: Scene) => Results

/** What follows the status of a call that failed: nothing, post_op_attr, wcc_data, or what two things are told by. */
type Remains = 'nothing' | 'after' | 'cache data' | 'two folders' | 'after and folder'

interface Row {
  readonly act: Act<Procedure>
  readonly remains: Remains
  /** Sent again, it must not be done again. */
  readonly changes: boolean
}

const row = <Name extends Procedure>(act: Act<Name>, remains: Remains, changes = false): Row => ({ act: act as Act<Procedure>, remains, changes })

const rows: Readonly<Record<Exclude<Procedure, 'null'>, Row>> = {
  getattr: row(getattr, 'nothing'),
  setattr: row(setattr, 'cache data', true),
  lookup: row(lookup, 'after'),
  access: row(access, 'after'),
  readlink: row(readlink, 'after'),
  read: row(read, 'after'),
  write: row(write, 'cache data', true),
  create: row(create, 'cache data', true),
  mkdir: row(mkdir, 'cache data', true),
  symlink: row(symlink, 'cache data', true),
  mknod: row(mknod, 'cache data', true),
  remove: row(remove, 'cache data', true),
  rmdir: row(rmdir, 'cache data', true),
  rename: row(rename, 'two folders', true),
  link: row(link, 'after and folder', true),
  readdir: row(readdir, 'after'),
  readdirplus: row(readdirplus, 'after'),
  fsstat: row(fsstat, 'after'),
  fsinfo: row(fsinfo, 'after'),
  pathconf: row(pathconf, 'after'),
  commit: row(commit, 'cache data'),
}

export class Nfs3 implements Program {
  readonly number = programs.nfs
  readonly name = 'nfs'
  readonly versions = [3]
  /** Calls by procedure, and refusals by reason. */
  readonly calls: Record<string, number> = {}
  readonly refusals: Record<string, number> = {}
  readonly #exports: ExportTable
  readonly #verifier: Uint8Array
  readonly #listings = new Listings()

  /** @param verifier eight bytes. */
  constructor(exports: ExportTable, verifier: Uint8Array) {
    this.#exports = exports
    this.#verifier = verifier
  }

  changes(_version: number, procedure: number): boolean {
    const name = procedures[procedure]
    return name !== undefined && name !== 'null' && rows[name].changes
  }

  serve({ procedure, credential }: { procedure: number; credential: SystemCredential | undefined }, xdr: XdrReader, results: XdrWriter, caller: Caller): number {
    const name = procedures[procedure]
    if (name === undefined) return accepted.procedureUnavailable
    const call = parseArguments(name, xdr)
    this.calls[name] = (this.calls[name] ?? 0) + 1
    if (call.procedure !== 'null') this.#act(call, rows[call.procedure], this.#scene(caller, credential), results)
    return accepted.success
  }

  #scene(caller: Caller, credential: SystemCredential | undefined): Scene {
    const target = (handle: Uint8Array): Target => {
      const { of, node } = this.#exports.open(handle)
      const objection = of.objection(caller.address, caller.port)
      if (objection !== undefined) throw new Refused('access', objection)
      return new Target(of, node, identify(credential, of.config))
    }
    return { exports: this.#exports, listings: this.#listings, caller, verifier: this.#verifier, target }
  }

  #act(call: Exclude<Arguments, { procedure: 'null' }>, { act, remains }: Row, scene: Scene, xdr: XdrWriter): void {
    const begin = xdr.length
    let target: Target | undefined
    try {
      target = scene.target(call.handle)
      const write = act(call, target, scene)
      write(xdr.u32(status.ok))
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      this.refusals[reason] = (this.refusals[reason] ?? 0) + 1
      xdr.cut(begin).u32(status[reason])
      putRemains(xdr, remains, target, call, scene)
    }
  }
}

function putRemains(xdr: XdrWriter, remains: Remains, target: Target | undefined, call: Arguments, scene: Scene): void {
  const unknown = { before: undefined, after: undefined }
  switch (remains) {
    case 'nothing':
      return
    case 'after':
      putAfter(xdr, target?.after())
      return
    case 'cache data':
      putCacheData(xdr, target?.cacheData() ?? unknown)
      return
    case 'two folders':
    case 'after and folder': {
      const other = 'to' in call ? quietly(() => scene.target(call.to.handle)) : undefined
      if (remains === 'two folders') putCacheData(xdr, target?.cacheData() ?? unknown)
      else putAfter(xdr, target?.after())
      // What it was before the call is not known any more.
      putCacheData(xdr, { before: undefined, after: other?.after() })
    }
  }
}

function quietly(find: () => Target): Target | undefined {
  try {
    return find()
  } catch (error) {
    if (reasonOf(error) === undefined) throw error
    return undefined
  }
}
