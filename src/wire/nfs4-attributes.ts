/** NFSv4 attributes: bitmaps and the numbers in them. RFC 7530 §5, RFC 8881 §5. */
import type { XdrReader, XdrWriter } from './xdr.ts'
import { Malformed } from '../base/errors.ts'

/** bitmap4, 32 attributes a word. */
export type Bitmap = readonly number[]

/** fattr4: values stand in ascending order of their attributes' numbers. */
export interface AttributeValues {
  readonly bitmap: Bitmap
  /** A view. */
  readonly values: Uint8Array
}

/** No attribute has a number beyond the third word; a few more are read past. */
const mostWords = 8
/** What a client may send of them: owners are the longest. */
const mostValues = 16_384

export const attributes = {
  supported: 0, type: 1, handleExpires: 2, change: 3, size: 4, linkSupport: 5, symlinkSupport: 6, namedAttributes: 7, fsid: 8, uniqueHandles: 9, leaseTime: 10, readdirError: 11, aclSupport: 13,
  canSetTime: 15, caseInsensitive: 16, casePreserving: 17, chownRestricted: 18, handle: 19, fileId: 20, filesAvailable: 21, filesFree: 22, filesTotal: 23, homogeneous: 26, maxFileSize: 27,
  maxLink: 28, maxName: 29, maxRead: 30, maxWrite: 31, mode: 33, noTrunc: 34, links: 35, owner: 36, group: 37, rawDevice: 41, spaceAvailable: 42, spaceFree: 43, spaceTotal: 44, spaceUsed: 45,
  accessed: 47, setAccessed: 48, timeDelta: 51, changed: 52, modified: 53, setModified: 54, mountedOnFileId: 55, setModeMasked: 74, supportedAtExclusive: 75, characterSet: 76,
} as const

export const has = (bitmap: Bitmap, number: number): boolean => (((bitmap[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1

export function bitmapOf(numbers: readonly number[]): Bitmap {
  const words: number[] = []
  for (const number of numbers) {
    while (words.length <= number >>> 5) words.push(0)
    words[number >>> 5] = (words[number >>> 5] | (1 << (number & 31))) >>> 0
  }
  return words
}

/** Ascending. */
export function numbersIn(bitmap: Bitmap): number[] {
  const found: number[] = []
  for (let number = 0; number < 32 * bitmap.length; number++) if (has(bitmap, number)) found.push(number)
  return found
}

export const readBitmap = (xdr: XdrReader): Bitmap => xdr.array(mostWords, () => xdr.u32())

export function putBitmap(xdr: XdrWriter, bitmap: Bitmap): XdrWriter {
  xdr.u32(bitmap.length)
  for (const word of bitmap) xdr.u32(word)
  return xdr
}

export const readValues = (xdr: XdrReader): AttributeValues => ({ bitmap: readBitmap(xdr), values: xdr.opaque(mostValues) })

/** nfstime4: seconds may be negative. */
export interface Time4 {
  readonly seconds: bigint
  readonly nanoseconds: number
}

export function readTime(xdr: XdrReader): Time4 {
  const time = { seconds: BigInt.asIntN(64, xdr.u64()), nanoseconds: xdr.u32() }
  if (time.nanoseconds > 999_999_999) throw new Malformed(`nfs4: ${time.nanoseconds} ns past a second`)
  return time
}
