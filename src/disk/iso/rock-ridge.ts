/** Rock Ridge: names, permissions and links beside what ISO 9660 knows. IEEE P1282 (RRIP 1.09) over P1281 (SUSP 1.10). */
import { concat, latin1, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { both32, shortDate } from './fields.ts'
import type { IsoEntry } from './tree.ts'

/** Kinds of file in the mode, as POSIX has them. */
const kindBits = { file: 0o100000, folder: 0o040000, link: 0o120000 } as const
const mostNameBytes = 240
export const continuationBytes = 28

const entry = (signature: string, content: Uint8Array): Uint8Array => concat(latin1(signature), Uint8Array.of(content.length + 4, 1), content)

/** PX and TF: of every record. @param links how many names it has. */
export function attributes(node: IsoEntry, links: number): Uint8Array[] {
  return [entry('PX', concat(both32(node.mode | kindBits[node.kind]), both32(links), both32(node.uid), both32(node.gid))), entry('TF', concat(Uint8Array.of(2), shortDate(node.seconds)))]
}

/** NM, and SL for a link. @throws {Malformed} */
export function nameAndTarget(node: IsoEntry): Uint8Array[] {
  const name = utf8(node.name)
  if (name.length > 255) throw new Malformed(`the name ${node.name.slice(0, 40)}… is longer than 255 bytes`)
  const names: Uint8Array[] = []
  for (let at = 0; at < name.length; at += mostNameBytes) names.push(entry('NM', concat(Uint8Array.of(at + mostNameBytes < name.length ? 1 : 0), name.subarray(at, at + mostNameBytes))))
  return node.kind === 'link' ? [...names, ...target(node.target)] : names
}

/** §4.1.3: a component each; `.`, `..` and `/` are flags. */
function target(text: string): Uint8Array[] {
  const components: Uint8Array[] = text.startsWith('/') ? [Uint8Array.of(8, 0)] : []
  for (const part of text.split('/').filter((one) => one !== '')) {
    const bytes = utf8(part)
    if (part === '.') components.push(Uint8Array.of(2, 0))
    else if (part === '..') components.push(Uint8Array.of(4, 0))
    else for (let at = 0; at < bytes.length; at += 200) components.push(concat(Uint8Array.of(at + 200 < bytes.length ? 1 : 0, Math.min(200, bytes.length - at)), bytes.subarray(at, at + 200)))
  }
  const fields: Uint8Array[][] = [[]]
  let room = 240
  for (const component of components) {
    if (component.length > room) {
      fields.push([])
      room = 240
    }
    fields.at(-1)?.push(component)
    room -= component.length
  }
  return fields.map((parts, index) => entry('SL', concat(Uint8Array.of(index + 1 < fields.length ? 1 : 0), ...parts)))
}

/** SP: the first entry of the root's own record (SUSP §5.3). */
export const sharing = (): Uint8Array => entry('SP', Uint8Array.of(0xbe, 0xef, 0))

/** ER: says that the rest is Rock Ridge (SUSP §5.5, RRIP §4.3). */
export function reference(): Uint8Array {
  const id = latin1('RRIP_1991A')
  const about = latin1('THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS')
  const source = latin1('PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.')
  return entry('ER', concat(Uint8Array.of(id.length, about.length, source.length, 1), id, about, source))
}

/** CE: the rest of a record's entries is elsewhere (SUSP §5.1). */
export const continuation = (sector: number, offset: number, length: number): Uint8Array => entry('CE', concat(both32(sector), both32(offset), both32(length)))
