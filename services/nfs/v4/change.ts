/** NFSv4 operations that make, move, take away and set. RFC 7530 §16, RFC 8881 §18. */
import type { NodeKind } from '../../../src/stack/volume.ts'
import { type Bitmap, bitmapOf, numbersIn, putBitmap, attributes as number, has } from '../../../src/wire/nfs4-attributes.ts'
import { share, types } from '../../../src/wire/nfs4.ts'
import { changeOf, demandTaking, findExisting, make, move, nameAgain, timesOf } from '../changes.ts'
import { isRoot } from '../identity.ts'
import { Refused } from '../refused.ts'
import type { Target } from '../target.ts'
import { readSettings } from './attributes.ts'
import { type Act4, type Compound, putChange } from './compound.ts'
import { checkComponent, Failure } from './failure.ts'
import { demandFolder, searched } from './look.ts'
import { accessBy } from './reach.ts'

const kinds = new Map<number, NodeKind>([[types.folder, 'folder'], [types.block, 'block'], [types.character, 'character'], [types.link, 'link'], [types.socket, 'socket'], [types.fifo, 'fifo']])

export const create: Act4<'create'> = (call, at, xdr) => {
  const kind = kinds.get(call.type)
  if (kind === undefined) throw new Refused('badType', `nothing of type ${call.type} is made here`)
  checkComponent(call.name)
  if (kind === 'link' && (call.target === '' || call.target.includes('\0'))) throw new Failure('invalid', 'no text for a symbolic link')
  const folder = searched(at)
  const settings = readSettings(call.attributes, at.minor)
  if (settings.size !== undefined) throw new Failure('invalid', 'only files have a size to set')
  at.changed = true
  if ((kind === 'block' || kind === 'character') && !isRoot(folder.who)) throw new Refused('notOwner', 'only root makes devices')
  demandFree(at, folder, call.name)
  const mode = kind === 'link' ? 0o777 : (settings.mode ?? (kind === 'folder' ? 0o755 : 0o644))
  const node = make(folder, call.name, { kind, mode, target: call.target, major: call.major, minor: call.minor }, timesOf(settings), settings)
  at.move({ of: folder.of, node })
  putBitmap(putChange(xdr, folder), done(call.attributes.bitmap))
}

/** What was asked to be set is set. A time that was the client's shows as the time it sets. */
export function done(bitmap: Bitmap): Bitmap {
  return bitmapOf(numbersIn(bitmap))
}

/** @throws {Failure | Refused} when something has that name, or an export hangs there. */
export function demandFree(at: Compound, folder: Target, name: string): void {
  if (findExisting(folder, name) !== undefined || at.scene.tree.crossing(folder, name, at.caller) !== undefined) throw new Refused('exists', name)
}

export const remove: Act4<'remove'> = ({ name }, at, xdr) => {
  checkComponent(name)
  const folder = searched(at)
  demandNoExport(at, folder, name)
  at.changed = true
  const thing = demandTaking(folder, name)
  if (thing.kind === 'folder') folder.volume.removeFolder(folder.node, name)
  else folder.volume.remove(folder.node, name)
  putChange(xdr, folder)
}

/** What an export hangs on stays. */
function demandNoExport(at: Compound, folder: Target, name: string): void {
  if (at.scene.tree.crossing(folder, name, at.caller) !== undefined) throw new Refused('access', 'an export hangs there')
}

export const rename: Act4<'rename'> = ({ name, toName }, at, xdr) => {
  for (const each of [name, toName]) checkComponent(each)
  const [from, to] = [demandFolder(at.savedTarget()), demandFolder(at.target())]
  if (from.of !== to.of) throw new Refused('crossDevice', 'another export')
  for (const [folder, each] of [[from, name], [to, toName]] as const) demandNoExport(at, folder, each)
  at.changed = true
  move(from, name, to, toName)
  putChange(putChange(xdr, from), to)
}

export const link: Act4<'link'> = ({ name }, at, xdr) => {
  checkComponent(name)
  const [thing, folder] = [at.savedTarget(), demandFolder(at.target())]
  if (thing.of !== folder.of) throw new Refused('crossDevice', 'another export')
  at.changed = true
  demandFree(at, folder, name)
  nameAgain(thing, folder, name)
  putChange(xdr, folder)
}

export const setattr: Act4<'setattr'> = ({ state, attributes }, at, xdr) => {
  const target = at.target()
  const settings = readSettings(attributes, at.minor, target.attributes.mode)
  target.writable()
  // Who has the file open for writing may cut it, whatever its mode says by now.
  const opened = has(attributes.bitmap, number.size) && accessBy(at, state, target, share.write)
  const change = changeOf(opened ? { ...settings, size: undefined } : settings, target)
  at.changed = true
  const whole = { ...change, ...(opened && settings.size !== undefined ? { size: settings.size } : {}) }
  if (Object.keys(whole).length > 0) target.volume.change(target.node, whole)
  putBitmap(xdr, done(attributes.bitmap))
}
