/**
 * What makes a CD one to boot from: a boot record that points to a catalog, which points to an image of a FAT partition. "El Torito" Bootable CD-ROM
 * Format Specification 1.0, with UEFI 2.10 §13.3.2.1: platform 0xef, no emulation. Little-endian.
 */
import { concat, latin1, putU16le, putU32le } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Extent } from './directory.ts'
import { sectorBytes } from './fields.ts'
import type { IsoFile, IsoFolder } from './tree.ts'

/** The boot record's own place (§2.0): right behind the first volume descriptor. */
export const bootRecordSector = 17

/** @param path of the image within the tree, `/` between names. @throws {Malformed} where there is no such file. */
export function bootImage(root: IsoFolder, path: string): IsoFile {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  let folder: IsoFolder = root
  for (const [depth, name] of names.entries()) {
    const found = folder.entries.find((entry) => entry.name === name)
    if (found?.kind === 'folder' && depth < names.length - 1) folder = found
    else if (found?.kind === 'file' && depth === names.length - 1) return found
    else break
  }
  throw new Malformed(`there is no file ${path} in the folder, so that it could be booted from; make a FAT image with EFI/BOOT/BOOTRISCV64.EFI in it`)
}

/** §2.0. */
export function bootRecord(catalogSector: number): Uint8Array {
  const bytes = new Uint8Array(sectorBytes)
  bytes.set(concat(Uint8Array.of(0), latin1('CD001'), Uint8Array.of(1), latin1('EL TORITO SPECIFICATION')))
  putU32le(bytes, 71, catalogSector)
  return bytes
}

/** §2.1 to §2.2: the validation entry, whose words sum to zero, and the one image. The count of 512-byte sectors has 16 bits; 0 is said of what is larger. */
export function bootCatalog(image: Extent): Uint8Array {
  const bytes = new Uint8Array(sectorBytes)
  bytes[0] = 1
  bytes[1] = 0xef
  bytes.set(latin1('NETLOOM'), 4)
  bytes.set([0x55, 0xaa], 30)
  let sum = 0
  for (let at = 0; at < 32; at += 2) sum += bytes[at] | (bytes[at + 1] << 8)
  putU16le(bytes, 28, -sum & 0xffff)
  bytes[32] = 0x88
  const sectors = Math.ceil(image.bytes / 512)
  putU16le(bytes, 38, sectors > 0xffff ? 0 : sectors)
  putU32le(bytes, 40, image.sector)
  return bytes
}
