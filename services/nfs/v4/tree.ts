/** One tree over all exports: where a name leads from one into another. RFC 7530 §7, RFC 8881 §7. */
import { fromLatin1, utf8 } from '../../../src/base/bytes.ts'
import type { NodeId } from '../../../src/stack/volume.ts'
import type { Caller } from '../../rpc/dispatch.ts'
import { Export, type ExportTable } from '../exports.ts'
import { reasonOf, Refused } from '../refused.ts'
import { PseudoVolume } from './pseudo-volume.ts'

export interface Place {
  readonly of: Export
  readonly node: NodeId
}

/** Where an export is hung in. */
interface Junction {
  readonly above: Export
  /** Of the folder it hangs in, below the root of `above`. */
  readonly folder: readonly string[]
  readonly name: string
  readonly below: Export
}

export class Tree {
  readonly #root: Place
  readonly #junctions: readonly Junction[]
  /** The folders above the exports. */
  readonly pseudo: Export

  constructor(exports: ExportTable) {
    const volume = new PseudoVolume()
    this.pseudo = new Export({ name: '/', source: { path: undefined, image: undefined, write: false, limitBytes: 0 }, squash: 'none', uid: 0, gid: 0, clients: [], secure: false }, volume, 0)
    exports.add(this.pseudo)
    const whole = exports.exports.find(({ config }) => config.name === '/')
    const top = whole ?? this.pseudo
    this.#root = { of: top, node: top.volume.root }
    this.#junctions = exports.exports.filter((each) => each !== whole).map((below) => hang(below, exports, top))
    for (const { above, folder, name } of this.#junctions) if (above === this.pseudo) volume.place([...folder, name])
  }

  get root(): Place {
    return this.#root
  }

  /** The export that `name` in a folder leads into. @throws {Refused} when the caller may not use it. */
  crossing({ of, node }: Place, name: string, caller: Caller): Place | undefined {
    const junction = this.#junctions.find((each) => each.name === name && each.above === of && folderOf(each) === node)
    if (junction === undefined) return undefined
    const objection = junction.below.objection(caller.address, caller.port)
    if (objection !== undefined) throw new Refused('access', objection)
    return { of: junction.below, node: junction.below.volume.root }
  }

  /** Where the root of an export hangs: the folder above it, and the folder that it covers. */
  above({ of, node }: Place): { readonly folder: Place; readonly covered: NodeId | undefined } | undefined {
    const junction = node === of.volume.root ? this.#junctions.find((each) => each.below === of) : undefined
    const folder = junction === undefined ? undefined : folderOf(junction)
    if (junction === undefined || folder === undefined) return undefined
    return { folder: { of: junction.above, node: folder }, covered: quietly(() => junction.above.volume.lookup(folder, junction.name)) }
  }
}

function hang(below: Export, exports: ExportTable, top: Export): Junction {
  const parts = below.config.name.split('/').slice(1)
  const found = exports.find(`/${parts.slice(0, -1).join('/')}`)
  const bytes = parts.map((part) => fromLatin1(utf8(part)))
  const above = found?.of ?? top
  const depth = found === undefined ? 0 : parts.length - 1 - found.below.length
  return { above, folder: bytes.slice(depth, -1), name: bytes[bytes.length - 1], below }
}

/** Where a junction's folder is by now; undefined when there is none. */
function folderOf({ above, folder }: Junction): NodeId | undefined {
  return quietly(() => folder.reduce((at, part) => above.volume.lookup(at, part), above.volume.root))
}

function quietly<Value>(find: () => Value): Value | undefined {
  try {
    return find()
  } catch (error) {
    if (reasonOf(error) === undefined) throw error
    return undefined
  }
}
