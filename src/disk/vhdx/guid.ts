/** GUIDs as VHDX stores them: the first three groups little-endian. MS-DTYP §2.3.4. */
import { equal, unhex } from '../../base/bytes.ts'

/** `2DC27766-F623-…` → 16 bytes. */
export function guid(text: string): Uint8Array {
  const bytes = unhex(text.replaceAll('-', ''))
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15], (from) => bytes[from])
}

/** MS-VHDX §2.2.3.2 and §2.6.2. */
export const guids = {
  blocks: guid('2DC27766-F623-4200-9D64-115E9BFD4A08'),
  metadata: guid('8B7CA206-4790-4B9A-B8FE-575F050F886E'),
  parameters: guid('CAA16737-FA36-4D43-B3B6-33F0AA44E76B'),
  size: guid('2FA54224-CD1B-4876-B211-5DBED83BF4B8'),
  diskId: guid('BECA12AB-B2E6-4523-93EF-C309E000C746'),
  logicalSector: guid('8141BF1D-A96F-4709-BA47-F233A8FAAB5F'),
  physicalSector: guid('CDA348C7-445D-4471-9CC9-E9885251C556'),
  parent: guid('A8D35F2D-B30B-454D-ABF7-D3D84834AB0C'),
} as const

export const isGuid = (bytes: Uint8Array, at: number, wanted: Uint8Array): boolean => equal(bytes.subarray(at, at + 16), wanted)
export const isZeroGuid = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
