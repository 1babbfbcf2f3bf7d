/** SHA-256 in hexadecimal: how everything in the cache is named and checked. */
import { createHash } from 'node:crypto'

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
