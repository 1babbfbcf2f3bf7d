/**
 * cpio archives in the "newc" form, the one Linux unpacks as initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
 * The same entries give the same bytes: names sorted by code unit, inodes numbered from 1, mtime 0, everything owned by root.
 */
import { concat, latin1, utf8 } from '../../base/bytes.ts'

export type CpioEntry =
  | { readonly kind: 'file'; readonly mode: number; readonly content: Uint8Array }
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'device'; readonly mode: number; readonly type: 'char' | 'block'; readonly major: number; readonly minor: number }

/** Linux's S_IF… bits. */
const types = { file: 0o100000, folder: 0o040000, link: 0o120000, char: 0o020000, block: 0o060000 } as const

/** Archives are padded to this, as GNU cpio does: what follows in RAM then starts a fresh sector. */
const blockBytes = 512

/**
 * @param entries by name: relative, `/`-separated, without a leading slash. Folders that names need and nobody listed are added with mode 0755.
 * @returns the archive, trailer included, uncompressed.
 */
export function build(entries: ReadonlyMap<string, CpioEntry>): Uint8Array {
  const parts: Uint8Array[] = []
  let inode = 0
  for (const [name, entry] of withFolders(entries)) parts.push(...record(name, entry, ++inode))
  parts.push(...record('TRAILER!!!', undefined, 0))
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  parts.push(new Uint8Array(padding(length, blockBytes)))
  return concat(...parts)
}

function withFolders(entries: ReadonlyMap<string, CpioEntry>): [string, CpioEntry][] {
  const all = new Map<string, CpioEntry>()
  for (const [name, entry] of entries) {
    if (name === '' || name.startsWith('/') || name.split('/').some((part) => part === '' || part === '.' || part === '..')) throw new RangeError(`not a name in an archive: "${name}"`)
    all.set(name, entry)
  }
  for (const name of entries.keys()) {
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
      const folder = name.slice(0, slash)
      const there = all.get(folder)
      if (there === undefined) all.set(folder, { kind: 'folder', mode: 0o755 })
      else if (there.kind !== 'folder' && there.kind !== 'link') throw new RangeError(`"${name}" lies below "${folder}", which is no folder`)
    }
  }
  // A parent is a prefix of its children, so sorting puts it in front of them, as the kernel needs it.
  return [...all].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

function record(name: string, entry: CpioEntry | undefined, inode: number): Uint8Array[] {
  const label = utf8(`${name}\0`)
  const content = entry?.kind === 'file' ? entry.content : entry?.kind === 'link' ? utf8(entry.target) : new Uint8Array(0)
  if (content.length > 0xffff_ffff) throw new RangeError(`"${name}" is too large for an archive`)
  const device = entry?.kind === 'device' ? entry : undefined
  const fields = [
    inode,
    entry === undefined ? 0 : modeOf(entry),
    0, // c_uid
    0, // c_gid
    entry?.kind === 'folder' ? 2 : 1, // c_nlink
    0, // c_mtime
    content.length,
    0, // c_maj: the archive's own device
    0, // c_min
    device?.major ?? 0,
    device?.minor ?? 0,
    label.length,
    0, // c_chksum: newc has none
  ]
  const head = latin1(`070701${fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('')}`)
  return [head, label, new Uint8Array(padding(head.length + label.length, 4)), content, new Uint8Array(padding(content.length, 4))]
}

function modeOf(entry: CpioEntry): number {
  if (entry.kind === 'link') return types.link | 0o777
  return types[entry.kind === 'device' ? entry.type : entry.kind] | (entry.mode & 0o7777)
}

const padding = (length: number, unit: number): number => (unit - (length % unit)) % unit
