/** A CD image from a tree: ISO 9660 with Rock Ridge, and the same files once more under Joliet names. ECMA-119; folders may be deeper than its eight. */
import { concat, latin1, putU16be, putU16le, putU32be, putU32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { buildRecord, Directory, type Extent } from './directory.ts'
import { both16, both32, longDate, noDate, sectorBytes } from './fields.ts'
import { compareNames, isoNames, jolietNames, ucs2 } from './names.ts'
import { bootCatalog, bootImage, bootRecord, bootRecordSector } from './el-torito.ts'
import type { IsoEntry, IsoFile, IsoFolder } from './tree.ts'

const firstSector = 16
/** One extent's length is 32 bits; what needs several is refused. */
const mostFileBytes = 2 ** 32 - sectorBytes
const chunkBytes = 1 << 20

export interface IsoPlan {
  readonly root: IsoFolder
  /** Up to 32 characters (16 in Joliet): `cidata` for cloud-init. */
  readonly volume: string
  /** When the volume was made, since 1970. */
  readonly seconds: number
  /** A file of the tree that is an image of a FAT partition, for EFI to boot from. */
  readonly efi?: string | undefined
}

/** One of the two trees, in the order of its path table. */
interface Forest {
  readonly directories: readonly Directory[]
  readonly pathBytes: number
  /** Of the little-endian path table; the big-endian one follows. */
  pathSector: number
}

/** @throws {Malformed} on what a CD can't hold. @throws {DiskError} */
export function writeIso(file: ImageFile, plan: IsoPlan): void {
  if (plan.volume.length === 0 || plan.volume.length > 32) throw new Malformed(`a volume is called by 1 to 32 characters, not by ${plan.volume.length}`)
  const forests = [plant(plan.root, true), plant(plan.root, false)]
  const files = new Map<IsoEntry, Extent>()
  const boot = plan.efi === undefined ? undefined : bootImage(plan.root, plan.efi)
  const descriptors = boot === undefined ? [firstSector, firstSector + 1, firstSector + 2] : [firstSector, bootRecordSector + 1, bootRecordSector + 2]
  // The catalog follows the descriptors.
  const sectors = place(forests, files, descriptors[2] + (boot === undefined ? 1 : 2))
  const extentIn = (forest: Forest) => {
    const folders = new Map<IsoEntry, Extent>(forest.directories.map((directory) => [directory.folder, directory.extent]))
    return (node: IsoEntry): Extent => folders.get(node) ?? files.get(node) ?? { sector: 0, bytes: 0 }
  }
  truncateFile(file, sectors * sectorBytes)
  for (const [index, forest] of forests.entries()) {
    const at = (sector: number, bytes: Uint8Array): void => writeFully(file, sector * sectorBytes, bytes)
    at(descriptors[index], volumeDescriptor(plan, forest, sectors, index === 1))
    for (const bigEndian of [false, true]) at(forest.pathSector + (bigEndian ? pathSectors(forest) : 0), pathTable(forest, bigEndian))
    for (const directory of forest.directories) at(directory.extent.sector, directory.build(extentIn(forest)))
  }
  if (boot !== undefined) {
    writeFully(file, bootRecordSector * sectorBytes, bootRecord(descriptors[2] + 1))
    writeFully(file, (descriptors[2] + 1) * sectorBytes, bootCatalog(files.get(boot) as Extent))
  }
  writeFully(file, descriptors[2] * sectorBytes, concat(Uint8Array.of(255), latin1('CD001'), Uint8Array.of(1)))
  for (const [node, extent] of files) if (node.kind === 'file') copy(file, node, extent)
  syncFile(file)
}

/** Level by level, as the path table wants it (§6.9.1). */
function plant(root: IsoFolder, rockRidge: boolean): Forest {
  const directories: Directory[] = []
  const make = (folder: IsoFolder, parent: Directory | undefined, name: Uint8Array): Directory => {
    const names = rockRidge ? isoNames(folder.entries) : jolietNames(folder.entries)
    // Joliet has no links.
    const children = [...names].filter(([node]) => rockRidge || node.kind !== 'link').sort(([, a], [, b]) => compareNames(a, b))
    const directory = new Directory(folder, parent, name, children, rockRidge)
    directories.push(directory)
    directory.number = directories.length
    if (directories.length > 65_535) throw new Malformed('a CD has at most 65535 folders')
    return directory
  }
  let level = [make(root, undefined, Uint8Array.of(0))]
  while (level.length > 0) {
    level = level.flatMap((parent) => {
      const names = rockRidge ? isoNames(parent.folder.entries) : jolietNames(parent.folder.entries)
      const below = [...names].filter((pair): pair is [IsoFolder, Uint8Array] => pair[0].kind === 'folder').sort(([, a], [, b]) => compareNames(a, b))
      return below.map(([folder, name]) => make(folder, parent, name))
    })
  }
  return { directories, pathBytes: directories.reduce((sum, { name }) => sum + 8 + name.length + (name.length % 2), 0), pathSector: 0 }
}

/** Gives everything its sectors, from `first` on. @returns how many there are. */
function place(forests: readonly Forest[], files: Map<IsoEntry, Extent>, first: number): number {
  let next = first
  for (const forest of forests) {
    forest.pathSector = next
    next += 2 * pathSectors(forest)
  }
  for (const { directories } of forests) {
    for (const directory of directories) {
      directory.extent.sector = next
      next += directory.sectors
    }
  }
  for (const { folder } of forests[0].directories) {
    for (const node of folder.entries) {
      if (node.kind !== 'file') continue
      if (node.sizeBytes > mostFileBytes) throw new Malformed(`${node.name} is larger than the 4 GiB that a file on a CD may have`)
      files.set(node, { sector: next, bytes: node.sizeBytes })
      next += Math.ceil(node.sizeBytes / sectorBytes)
    }
  }
  return next
}

const pathSectors = (forest: Forest): number => Math.ceil(forest.pathBytes / sectorBytes)

/** §9.4. */
function pathTable(forest: Forest, bigEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(forest.pathBytes)
  let at = 0
  for (const { name, extent, parent } of forest.directories) {
    bytes[at] = name.length
    if (bigEndian) {
      putU32be(bytes, at + 2, extent.sector)
      putU16be(bytes, at + 6, parent?.number ?? 1)
    } else {
      putU32le(bytes, at + 2, extent.sector)
      putU16le(bytes, at + 6, parent?.number ?? 1)
    }
    bytes.set(name, at + 8)
    at += 8 + name.length + (name.length % 2)
  }
  return bytes
}

/** §8.4 and §8.5. */
function volumeDescriptor(plan: IsoPlan, forest: Forest, sectors: number, joliet: boolean): Uint8Array {
  const bytes = new Uint8Array(sectorBytes)
  const [root] = forest.directories
  const text = (at: number, length: number, words: string): void => {
    for (let index = 0; index < length; index += joliet ? 2 : 1) bytes.set(joliet ? [0, 0x20].slice(0, length - index) : [0x20], at + index)
    bytes.set((joliet ? ucs2(words) : latin1(words)).subarray(0, length), at)
  }
  bytes.set(concat(Uint8Array.of(joliet ? 2 : 1), latin1('CD001'), Uint8Array.of(1)))
  text(8, 32, '')
  text(40, 32, plan.volume)
  bytes.set(both32(sectors), 80)
  // UCS-2 level 3.
  if (joliet) bytes.set(latin1('%/E'), 88)
  bytes.set(concat(both16(1), both16(1), both16(sectorBytes), both32(forest.pathBytes)), 120)
  putU32le(bytes, 140, forest.pathSector)
  putU32be(bytes, 148, forest.pathSector + pathSectors(forest))
  bytes.set(buildRecord(plan.root, Uint8Array.of(0), root.extent), 156)
  text(190, 128 * 3, '')
  text(574, 128, 'NETLOOM')
  text(702, 37 * 3, '')
  bytes.set(concat(longDate(plan.seconds), longDate(plan.seconds), noDate(), noDate(), Uint8Array.of(1)), 813)
  return bytes
}

function copy(file: ImageFile, node: IsoFile, { sector, bytes }: Extent): void {
  const chunk = new Uint8Array(Math.min(bytes, chunkBytes))
  for (let done = 0; done < bytes; done += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, bytes - done))
    node.read(done, part)
    writeFully(file, sector * sectorBytes + done, part)
  }
}
