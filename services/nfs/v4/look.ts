/** NFSv4 operations that walk and look: handles, names, attributes. RFC 7530 §16, RFC 8881 §18. */
import { access as bits } from '../../../src/wire/nfs3.ts'
import { allowed, demand, want } from '../identity.ts'
import { Refused } from '../refused.ts'
import type { Target } from '../target.ts'
import { asksSetOnly, isSame, putAttributes } from './attributes.ts'
import type { Act4, Compound } from './compound.ts'
import { checkComponent, Failure } from './failure.ts'
import type { Place } from './tree.ts'
import { flavors } from '../../../src/wire/rpc.ts'

/** SECINFO_STYLE4_PARENT. */
const styleParent = 1
const allBits = 0x3f

export const putrootfh: Act4<'putrootfh'> = (_, at) => toRoot(at)

/** "the PUTPUBFH operation … SHOULD be the same as the root filehandle" where there is no other. */
export const putpubfh: Act4<'putpubfh'> = (_, at) => toRoot(at)

function toRoot(at: Compound): void {
  const { root } = at.scene.tree
  at.demandUse(root.of)
  at.move(root)
}

export const putfh: Act4<'putfh'> = ({ handle }, at) => {
  const place = at.scene.exports.open(handle)
  at.demandUse(place.of)
  // Whether it is still there shows here.
  place.of.volume.attributes(place.node)
  at.move(place)
}

export const getfh: Act4<'getfh'> = (_, at, xdr) => {
  const { of, node } = at.place()
  xdr.opaque(at.scene.exports.seal(of, node))
}

export const savefh: Act4<'savefh'> = (_, at) => {
  at.saved = at.place()
  at.savedState = at.currentState
}

export const restorefh: Act4<'restorefh'> = (_, at) => {
  if (at.saved === undefined) throw new Failure(at.minor === 0 ? 'nothingSaved' : 'noHandle', 'nothing saved')
  at.move(at.saved)
  at.currentState = at.savedState
}

/** The current file as a folder that may be searched. @throws {Failure | Refused} */
export function searched(at: Compound): Target {
  const folder = demandFolder(at.target())
  demand(folder.who, folder.attributes, want.execute)
  return folder
}

/** @throws {Failure | Refused} */
export function demandFolder(thing: Target): Target {
  if (thing.attributes.kind === 'link') throw new Failure('symlink', 'a symbolic link')
  return thing.folder()
}

/** What `name` in a folder is, an export that hangs there before what it covers. @throws {Failure | Refused | FileError} */
function find(at: Compound, folder: Target, name: string): Place {
  checkComponent(name)
  return at.scene.tree.crossing(folder, name, at.caller) ?? { of: folder.of, node: folder.volume.lookup(folder.node, name) }
}

export const lookup: Act4<'lookup'> = ({ name }, at) => at.move(find(at, searched(at), name))

export const lookupp: Act4<'lookupp'> = (_, at) => at.move(parentOf(at, searched(at)))

function parentOf(at: Compound, folder: Target): Place {
  const above = at.scene.tree.above(folder)
  if (above !== undefined) {
    at.demandUse(above.folder.of)
    return above.folder
  }
  if (folder.node === folder.volume.root) throw new Refused('notFound', 'nothing is above the root')
  return { of: folder.of, node: folder.volume.parent(folder.node) }
}

export const getattr: Act4<'getattr'> = ({ bitmap }, at, xdr) => {
  if (asksSetOnly(bitmap)) throw new Failure('invalid', 'attributes that can only be set')
  const target = at.target()
  putAttributes(xdr, at.subject(target, target.attributes), bitmap)
}

export const verify: Act4<'verify'> = ({ attributes }, at) => {
  const target = at.target()
  if (!isSame(at.subject(target, target.attributes), attributes)) throw new Failure('notSame', 'not the same')
}

export const nverify: Act4<'nverify'> = ({ attributes }, at) => {
  const target = at.target()
  if (isSame(at.subject(target, target.attributes), attributes)) throw new Failure('same', 'the same')
}

export const access: Act4<'access'> = (call, at, xdr) => {
  if ((call.bits & ~allBits) !== 0) throw new Failure('invalid', 'bits that mean nothing')
  const { attributes, who, of } = at.target()
  const has = (bit: number): boolean => (allowed(who, attributes) & bit) !== 0
  const folder = attributes.kind === 'folder'
  const known = folder ? allBits & ~bits.execute : allBits & ~bits.lookup & ~bits.delete
  let granted = has(want.read) ? bits.read : 0
  if (has(want.execute)) granted |= folder ? bits.lookup : bits.execute
  if (has(want.write) && !of.readOnly) granted |= bits.modify | bits.extend | bits.delete
  xdr.u32(call.bits & known).u32(granted & call.bits & known)
}

export const readlink: Act4<'readlink'> = (_, at, xdr) => {
  const { attributes, volume, node } = at.target()
  if (attributes.kind !== 'link') throw new Failure(at.minor === 0 ? 'invalid' : 'wrongType', 'not a symbolic link')
  xdr.string(volume.target(node))
}

/** What a name may be asked with: AUTH_SYS, and AUTH_NONE for nobody. In 4.1 the current file is used up (RFC 8881 §2.6.3.1.1.8). */
export const secinfo: Act4<'secinfo'> = ({ name }, at, xdr) => {
  find(at, searched(at), name)
  if (at.minor > 0) at.move(undefined)
  xdr.u32(2).u32(flavors.sys).u32(flavors.none)
}

export const secinfoNoName: Act4<'secinfoNoName'> = ({ style }, at, xdr) => {
  if (style > styleParent) throw new Failure('badXdr', `a style of ${style}`)
  if (style === styleParent) parentOf(at, searched(at))
  else at.target()
  at.move(undefined)
  xdr.u32(2).u32(flavors.sys).u32(flavors.none)
}

export const openattr: Act4<'openattr'> = (_, at) => {
  at.place()
  throw new Refused('notSupported', 'there are no named attributes')
}

