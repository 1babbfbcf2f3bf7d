/** U-Boot's legacy image, used for boot scripts (`boot.scr.uimg`): a 64-byte header, big-endian, with CRCs (U-Boot include/image.h). */
import { concat, putU32be, u32be, utf8 } from '../../base/bytes.ts'
import { crc32 } from '../../base/crc32.ts'

const headerBytes = 64
const nameBytes = 32
const magic = 0x27051956
/** IH_OS_LINUX, IH_TYPE_SCRIPT, IH_COMP_NONE; 26 is IH_ARCH_RISCV. U-Boot's `source` looks at none of them but the type. */
const linux = 5
const riscv = 26
const script = 6
const uncompressed = 0

/**
 * What `mkimage -A riscv -O linux -T script -C none -n NAME -d FILE` writes, with time 0 so that the same text gives the same bytes.
 * @param name shown at boot; cut to 31 bytes.
 */
export function buildScript(text: string, name = 'netloom'): Uint8Array {
  const body = utf8(text.endsWith('\n') ? text : `${text}\n`)
  // A script is a multi-file image with one part: its length, then a zero that ends the list.
  const table = new Uint8Array(8)
  putU32be(table, 0, body.length)
  const data = concat(table, body)
  const header = new Uint8Array(headerBytes)
  putU32be(header, 0, magic)
  putU32be(header, 12, data.length) // ih_size; ih_time, ih_load and ih_ep stay 0
  putU32be(header, 24, crc32(data))
  header.set([linux, riscv, script, uncompressed], 28)
  header.set(utf8(name).subarray(0, nameBytes - 1), 32)
  putU32be(header, 4, crc32(header)) // summed with its own field at 0
  return concat(header, data)
}

/** Whether `bytes` start with a legacy image header whose own CRC is right. */
export function isLegacyImage(bytes: Uint8Array): boolean {
  if (bytes.length < headerBytes || u32be(bytes, 0) !== magic) return false
  const header = bytes.slice(0, headerBytes)
  putU32be(header, 4, 0)
  return crc32(header) === u32be(bytes, 4)
}
