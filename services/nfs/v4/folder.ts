/** NFSv4 READDIR. RFC 7530 §16.24, RFC 8881 §18.23. Cookies as in listings.ts; there is neither `.` nor `..` here. */
import { type Bitmap, attributes as number, bitmapOf, has } from '../../../src/wire/nfs4-attributes.ts'
import { isName } from '../../../src/stack/volume.ts'
import { verifierBytes } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import { demand, want } from '../identity.ts'
import { reasonOf, Refused } from '../refused.ts'
import type { Target } from '../target.ts'
import { asksSetOnly, putAttributes } from './attributes.ts'
import type { Act4, Compound } from './compound.ts'
import { Failure, statusOf } from './failure.ts'
import { demandFolder } from './look.ts'
import type { Place } from './tree.ts'

/** One reply is held in memory, and in the connection. */
const mostReplyBytes = 2 ** 18
/** Behind the entries: the end of the list, and whether it is the end of the folder. */
const tailBytes = 8

export const readdir: Act4<'readdir'> = ({ cookie, verifier, bytes, bitmap }, at, xdr) => {
  if (asksSetOnly(bitmap)) throw new Failure('invalid', 'attributes that can only be set')
  const folder = demandFolder(at.target())
  demand(folder.who, folder.attributes, want.read)
  if (verifier.some((byte) => byte !== 0)) throw new Refused('badCookie', 'no listing of ours has that verifier')
  if (cookie === 1n || cookie === 2n) throw new Refused('badCookie', 'a cookie that is never given')
  const begin = xdr.length
  const end = begin + Math.min(bytes, mostReplyBytes, at.mostBytes - begin - 64) - tailBytes
  xdr.fixed(new Uint8Array(verifierBytes))
  let count = 0
  for (const { name, cookie: own } of at.scene.listings.after(folder, cookie)) {
    const place = find(at, folder, name)
    if (place === undefined) continue
    const before = xdr.length
    putEntry(xdr.u32(1).offset(own).string(name), at, place, bitmap)
    if (xdr.length > end) {
      xdr.cut(before)
      if (count === 0) throw new Refused('tooSmall', `no entry fits into ${bytes} bytes`)
      return void xdr.u32(0).bool(false)
    }
    count++
  }
  xdr.u32(0).bool(true)
}

/** @returns undefined for what is gone since the listing was made, what has no name that could be asked for, and exports that are not the caller's. */
function find(at: Compound, folder: Target, name: string): Place | undefined {
  if (!isName(name)) return undefined
  try {
    return at.scene.tree.crossing(folder, name, at.caller) ?? { of: folder.of, node: folder.volume.lookup(folder.node, name) }
  } catch (error) {
    if (reasonOf(error) === undefined) throw error
    return undefined
  }
}

/** "If an error occurs … rdattr_error … the server MUST return" it in place of the entry's attributes, where it was asked for (§5.8.1.12). */
function putEntry(xdr: XdrWriter, at: Compound, place: Place, bitmap: Bitmap): void {
  const begin = xdr.length
  try {
    putAttributes(xdr, at.subject(place, place.of.volume.attributes(place.node)), bitmap)
  } catch (error) {
    const code = statusOf(error)
    if (code === undefined || !has(bitmap, number.readdirError)) throw error
    const [word] = bitmapOf([number.readdirError])
    xdr.cut(begin).u32(1).u32(word).u32(4).u32(code)
  }
}

