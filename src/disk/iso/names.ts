/** File names as ISO 9660 and Joliet can spell them, each once in its folder. ECMA-119 §7.5, §7.6; Joliet Specification, §Allowed Character Set. */
import { latin1 } from '../../base/bytes.ts'
import type { IsoEntry } from './tree.ts'

const longestIso = 30
const longestJoliet = 64

/** `Read me.txt` → `READ_ME.TXT;1`; what would be there twice gets a number. */
export function isoNames(entries: readonly IsoEntry[]): Map<IsoEntry, Uint8Array> {
  return assign(entries, (entry, number) => {
    const { stem, ending } = split(entry.name.toUpperCase().replace(/[^A-Z0-9_.]/g, '_'), entry.kind === 'folder')
    const suffix = number === 0 ? '' : `_${number}`
    const short = ending.slice(0, 8)
    return latin1(`${stem.replaceAll('.', '_').slice(0, longestIso - suffix.length - short.length - 1) || '_'}${suffix}${entry.kind === 'folder' ? '' : `.${short};1`}`)
  })
}

/** UCS-2, up to 64 characters. */
export function jolietNames(entries: readonly IsoEntry[]): Map<IsoEntry, Uint8Array> {
  return assign(entries, (entry, number) => {
    // eslint-disable-next-line no-control-regex
    const clean = entry.name.replace(/[\u0000-\u001f*/:;?\\]/g, '_').replace(/[\ud800-\udfff]/g, '_')
    const { stem, ending } = split(clean, entry.kind === 'folder')
    const suffix = number === 0 ? '' : `_${number}`
    const dotted = ending === '' ? '' : `.${ending.slice(0, 16)}`
    return ucs2(`${stem.slice(0, longestJoliet - suffix.length - dotted.length - 2)}${suffix}${dotted}${entry.kind === 'folder' ? '' : ';1'}`)
  })
}

export function ucs2(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length * 2 }, (_, at) => (at % 2 === 0 ? text.charCodeAt(at / 2) >> 8 : text.charCodeAt((at - 1) / 2) & 0xff))
}

/** ECMA-119 §9.3: by the bytes of the name. */
export function compareNames(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return a[at] - b[at]
  return a.length - b.length
}

function split(name: string, folder: boolean): { stem: string; ending: string } {
  const dot = folder ? -1 : name.lastIndexOf('.')
  return dot <= 0 ? { stem: name, ending: '' } : { stem: name.slice(0, dot), ending: name.slice(dot + 1) }
}

function assign(entries: readonly IsoEntry[], spell: (entry: IsoEntry, number: number) => Uint8Array): Map<IsoEntry, Uint8Array> {
  const taken = new Set<string>()
  const names = new Map<IsoEntry, Uint8Array>()
  for (const entry of entries) {
    let number = 0
    let name = spell(entry, number)
    while (taken.has(name.join())) name = spell(entry, ++number)
    taken.add(name.join())
    names.set(entry, name)
  }
  return names
}
