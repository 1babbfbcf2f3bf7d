/** How an image is spoiled: where its format keeps what it is led by, which sums are made right again, and names that nobody should get. */
import { readdirSync } from 'node:fs'
import { putU32be, putU32le } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/random.ts'
import type { FormatName } from '../../src/disk/format.ts'
import { readBytes, type ImageFile } from '../../src/disk/image-file.ts'
import { checksum } from '../../src/disk/vhd/footer.ts'
import { crc32c } from '../../src/disk/vhdx/crc32c.ts'

/** Where an image names a file of its folder. */
export interface Named {
  readonly position: number
  readonly length: number
  readonly encode: (text: string) => Uint8Array
}

const megabyte = 1 << 20
/** Headers and tables, as position and length; formats without any here have them at the start of the file. */
const hot: Readonly<Partial<Record<FormatName, readonly (readonly [number, number])[]>>> = {
  qcow2: [[0, 112], [0, 512], [65_536, 4096], [131_072, 4096], [196_608, 4096]],
  vhdx: [[65_536, 80], [131_072, 80], [196_608, 80], [262_144, 80], [megabyte, 4096], [2 * megabyte, 4096], [2 * megabyte + 65_536, 64], [3 * megabyte, 4096], [3 * megabyte + 65_536, 64]],
  vhd: [[0, 512], [512, 1024], [1536, 512]],
  iso: [[32_768, 4096]],
}
const strange = [0, 0xff, 0x80, 1, 0x7f]

/** In the three ways that formats write names. */
export function namesIn(bytes: Uint8Array, names: readonly string[]): readonly Named[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, megabyte))
  const wide = (text: string): Uint8Array => Buffer.from(text, 'utf16le')
  const ways = [(text: string): Uint8Array => Buffer.from(text, 'latin1'), wide, (text: string): Uint8Array => Buffer.from(wide(text)).swap16()]
  return names.flatMap((name) => ways.flatMap((encode) => {
    const found: Named[] = []
    for (let position = content.indexOf(encode(name)); position >= 0; position = content.indexOf(encode(name), position + 1)) found.push({ position, length: name.length, encode })
    return found
  }))
}

/** As long as the one that it replaces. @param folder where the image lies; its files may be named, what is outside may not. */
function evilName(random: Random, length: number, folder: string): string {
  const evil = ['../secret', '/etc/passwd', 'link', 'link/../../secret', 'door/secret', '/dev/zero', '/proc/self/mem', '/proc/self/fd/0', 'pipe', 'nbd:localhost', 'json:{}', '..', '.', '\0', ...readdirSync(folder).slice(0, 2)]
  const name = evil[random.below(evil.length)]
  if (name.length > length) return name.slice(0, length)
  if (name.startsWith('/')) return name.padStart(length, '/')
  return './'.repeat(Math.floor((length - name.length) / 2)) + name.padEnd(name.length + ((length - name.length) % 2), '/')
}

export function spoil(broken: ImageFile, format: FormatName, names: readonly Named[], random: Random, folder: string): void {
  if (names.length > 0 && random.below(3) === 0) {
    const { position, length, encode } = names[random.below(names.length)]
    broken.write(position, encode(evilName(random, length, folder)))
    if (random.below(2) === 0) return
  }
  for (let change = 1 + random.below(8); change > 0; change--) broken.write(somewhere(broken, format, random), Uint8Array.of(random.below(3) === 0 ? random.below(256) : strange[random.below(strange.length)]))
  // Else most of what is broken would be noticed by its sum, and nothing behind it be tried.
  if (random.below(4) > 0) seal(broken, format)
  if (random.below(64) === 0) broken.truncate(random.below(broken.size))
}

function somewhere(broken: ImageFile, format: FormatName, random: Random): number {
  const places = hot[format]
  if (places !== undefined && random.below(4) > 0) {
    const [position, length] = places[random.below(places.length)]
    return Math.min(broken.size - 1, position + random.below(length))
  }
  if (random.below(3) === 0) return Math.max(0, broken.size - 1 - random.below(1024))
  return random.below(Math.min(broken.size, random.below(4) === 0 ? megabyte : 8192))
}

/** Makes the sums right that guard headers. */
function seal(broken: ImageFile, format: FormatName): void {
  if (format === 'vhdx') {
    for (const [position, length] of [[65_536, 4096], [131_072, 4096], [196_608, 65_536], [262_144, 65_536]]) putSum(broken, position, length, 4, crc32c, putU32le)
  }
  if (format !== 'vhd') return
  for (const position of [0, broken.size - 512]) putSum(broken, position, 512, 64, checksum, putU32be)
  putSum(broken, 512, 1024, 36, checksum, putU32be)
}

function putSum(broken: ImageFile, position: number, length: number, at: number, sum: (bytes: Uint8Array, at: number) => number, put: (bytes: Uint8Array, at: number, value: number) => void): void {
  if (broken.size < position + length) return
  const bytes = new Uint8Array(4)
  put(bytes, 0, sum(readBytes(broken, position, length), at))
  broken.write(position + at, bytes)
}
