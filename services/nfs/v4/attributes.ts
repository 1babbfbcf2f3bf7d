/** NFSv4 attributes: what is told of a thing, and what a client may set. RFC 7530 §5, RFC 8881 §5. */
import { fromLatin1 } from '../../../src/base/bytes.ts'
import { type Attributes, largestFile, longestName, type Stamp } from '../../../src/stack/volume.ts'
import type { SetAttributes } from '../../../src/wire/nfs3.ts'
import { type AttributeValues, attributes as number, type Bitmap, bitmapOf, has, numbersIn, putBitmap, readTime } from '../../../src/wire/nfs4-attributes.ts'
import { types } from '../../../src/wire/nfs4.ts'
import { XdrReader, XdrWriter } from '../../../src/wire/xdr.ts'
import { nothing } from '../changes.ts'
import type { ExportTable } from '../exports.ts'
import { mostLinks, transferBytes } from '../nfs3-look.ts'
import { leaseSeconds } from './clients.ts'
import { Failure } from './failure.ts'
import type { Place, Tree } from './tree.ts'

/** What is to be told, and by whom. */
export interface Subject {
  readonly place: Place
  readonly attributes: Attributes
  readonly minor: number
  readonly exports: ExportTable
  readonly tree: Tree
}

const billion = 1_000_000_000n
const blockBytes = 4096
/** FSCHARSET_CAP4_CONTAINS_NON_UTF8: names are bytes here, as on Linux. */
const anyCharacters = 1
const sessionsFirst = number.setModeMasked

type Put = (subject: Subject, xdr: XdrWriter) => unknown

/** In ascending order of their numbers: so they stand on the wire. */
const readable = new Map<number, Put>([
  [number.supported, ({ minor }, xdr) => putBitmap(xdr, supported(minor))],
  [number.type, ({ attributes: { kind } }, xdr) => xdr.u32(types[kind])],
  // FH4_PERSISTENT.
  [number.handleExpires, (_, xdr) => xdr.u32(0)],
  [number.change, ({ attributes: { changed } }, xdr) => xdr.u64(changed)],
  [number.size, ({ attributes: { size } }, xdr) => xdr.offset(size)],
  [number.linkSupport, (_, xdr) => xdr.bool(true)],
  [number.symlinkSupport, (_, xdr) => xdr.bool(true)],
  [number.namedAttributes, (_, xdr) => xdr.bool(false)],
  [number.fsid, ({ place: { of } }, xdr) => xdr.u64(BigInt(of.number)).u64(of.fsid & 0xffff_ffffn)],
  [number.uniqueHandles, (_, xdr) => xdr.bool(true)],
  [number.leaseTime, (_, xdr) => xdr.u32(leaseSeconds)],
  [number.readdirError, (_, xdr) => xdr.u32(0)],
  [number.aclSupport, (_, xdr) => xdr.u32(0)],
  [number.canSetTime, (_, xdr) => xdr.bool(true)],
  [number.caseInsensitive, (_, xdr) => xdr.bool(false)],
  [number.casePreserving, (_, xdr) => xdr.bool(true)],
  [number.chownRestricted, (_, xdr) => xdr.bool(true)],
  [number.handle, ({ exports, place: { of, node } }, xdr) => xdr.opaque(exports.seal(of, node))],
  [number.fileId, ({ attributes: { id } }, xdr) => xdr.offset(id)],
  [number.filesAvailable, ({ place }, xdr) => xdr.offset(place.of.volume.space().freeNodes)],
  [number.filesFree, ({ place }, xdr) => xdr.offset(place.of.volume.space().freeNodes)],
  [number.filesTotal, ({ place }, xdr) => xdr.offset(place.of.volume.space().totalNodes)],
  [number.homogeneous, (_, xdr) => xdr.bool(true)],
  [number.maxFileSize, (_, xdr) => xdr.offset(largestFile)],
  [number.maxLink, (_, xdr) => xdr.u32(mostLinks)],
  [number.maxName, (_, xdr) => xdr.u32(longestName)],
  [number.maxRead, (_, xdr) => xdr.offset(transferBytes.tcp)],
  [number.maxWrite, (_, xdr) => xdr.offset(transferBytes.tcp)],
  [number.mode, ({ attributes: { mode } }, xdr) => xdr.u32(mode)],
  [number.noTrunc, (_, xdr) => xdr.bool(true)],
  [number.links, ({ attributes: { links } }, xdr) => xdr.u32(links)],
  [number.owner, ({ attributes: { uid } }, xdr) => xdr.string(String(uid))],
  [number.group, ({ attributes: { gid } }, xdr) => xdr.string(String(gid))],
  [number.rawDevice, ({ attributes: { major, minor } }, xdr) => xdr.u32(major).u32(minor)],
  [number.spaceAvailable, ({ place }, xdr) => xdr.offset(place.of.volume.space().freeBytes)],
  [number.spaceFree, ({ place }, xdr) => xdr.offset(place.of.volume.space().freeBytes)],
  [number.spaceTotal, ({ place }, xdr) => xdr.offset(place.of.volume.space().totalBytes)],
  [number.spaceUsed, ({ attributes: { kind, size } }, xdr) => xdr.offset(kind === 'file' || kind === 'folder' ? Math.ceil(size / blockBytes) * blockBytes : 0)],
  [number.accessed, ({ attributes: { accessed } }, xdr) => putStamp(xdr, accessed)],
  [number.timeDelta, (_, xdr) => putStamp(xdr, 1n)],
  [number.changed, ({ attributes: { changed } }, xdr) => putStamp(xdr, changed)],
  [number.modified, ({ attributes: { modified } }, xdr) => putStamp(xdr, modified)],
  [number.mountedOnFileId, ({ attributes: { id }, tree, place }, xdr) => xdr.offset(tree.above(place)?.covered ?? id)],
  [number.supportedAtExclusive, (_, xdr) => putBitmap(xdr, settableAtExclusive)],
  [number.characterSet, (_, xdr) => xdr.u32(anyCharacters)],
])

const settable: readonly number[] = [number.size, number.mode, number.owner, number.group, number.setAccessed, number.setModified, number.setModeMasked]
/** The times hold the verifier of an exclusive OPEN. */
const settableAtExclusive = bitmapOf([number.size, number.mode, number.owner, number.group, number.setModeMasked])
const both = [...new Set([...readable.keys(), ...settable])].sort((a, b) => a - b)
const known = [bitmapOf(both.filter((each) => each < sessionsFirst)), bitmapOf(both)] as const
const setOnly: readonly number[] = [number.setAccessed, number.setModified, number.setModeMasked]

export const supported = (minor: number): Bitmap => known[minor === 0 ? 0 : 1]

/** Whether somebody asks for what can only be set. */
export const asksSetOnly = (bitmap: Bitmap): boolean => setOnly.some((each) => has(bitmap, each))

/** fattr4 of what is asked for and known here; the rest is left out. */
export function putAttributes(xdr: XdrWriter, subject: Subject, asked: Bitmap): XdrWriter {
  const told = numbersIn(asked).filter((each) => readable.has(each) && has(supported(subject.minor), each))
  putBitmap(xdr, bitmapOf(told))
  const at = xdr.length
  xdr.u32(0)
  for (const each of told) readable.get(each)?.(subject, xdr)
  return xdr.patch(at, xdr.length - at - 4)
}

/** What a client wants set. @param mode as it is now. @throws {Failure} for what can't be; {Malformed} */
export function readSettings({ bitmap, values }: AttributeValues, minor: number, mode = 0): SetAttributes {
  const xdr = new XdrReader(values)
  const set: { -readonly [Key in keyof SetAttributes]: SetAttributes[Key] } = { ...nothing }
  for (const each of numbersIn(bitmap)) {
    if (!has(supported(minor), each)) throw new Failure('attributeNotSupported', `attribute ${each}`)
    if (each === number.size) set.size = xdr.offset()
    else if (each === number.mode) set.mode = xdr.u32() & 0o7777
    else if (each === number.owner) set.uid = readId(xdr)
    else if (each === number.group) set.gid = readId(xdr)
    else if (each === number.setAccessed) set.accessed = readSetTime(xdr)
    else if (each === number.setModified) set.modified = readSetTime(xdr)
    else if (each === number.setModeMasked) set.mode = readMasked(xdr, set.mode ?? mode)
    else throw new Failure('invalid', `attribute ${each} can't be set`)
  }
  xdr.end()
  return set
}

/** "the server … SHOULD accept a numeric string" (RFC 7530 §5.9); names of others are not known here. */
function readId(xdr: XdrReader): number {
  const text = xdr.string(1024)
  if (/^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff) return Number(text)
  const [name] = text.split('@')
  if (name === 'root') return 0
  if (name === 'nobody' || name === 'nogroup') return 65_534
  throw new Failure('badOwner', 'owners are numbers here')
}

function readSetTime(xdr: XdrReader): SetAttributes['accessed'] {
  if (!xdr.bool()) return 'server'
  const { seconds, nanoseconds } = readTime(xdr)
  const most = 2n ** 34n
  return { seconds: Number(seconds > most ? most : seconds < -most ? -most : seconds), nanoseconds }
}

function readMasked(xdr: XdrReader, now: number): number {
  const [values, mask] = [xdr.u32(), xdr.u32()]
  return ((now & ~mask) | (values & mask)) & 0o7777
}

function putStamp(xdr: XdrWriter, stamp: Stamp): XdrWriter {
  const nanoseconds = ((stamp % billion) + billion) % billion
  return xdr.u64(BigInt.asUintN(64, (stamp - nanoseconds) / billion)).u32(Number(nanoseconds))
}

/** Whether a thing's attributes are these: VERIFY's question. @throws {Failure} */
export function isSame(subject: Subject, { bitmap, values }: AttributeValues): boolean {
  const asked = numbersIn(bitmap)
  if (asked.some((each) => each === number.readdirError || setOnly.includes(each))) throw new Failure('invalid', 'not to be compared')
  if (asked.some((each) => !readable.has(each) || !has(supported(subject.minor), each))) throw new Failure('attributeNotSupported', 'not known here')
  const xdr = new XdrWriter()
  for (const each of asked) readable.get(each)?.(subject, xdr)
  return fromLatin1(xdr.bytes) === fromLatin1(values)
}

