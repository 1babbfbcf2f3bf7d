/** Compression and chance for disk formats, from Node's zlib and crypto. */
import { randomBytes } from 'node:crypto'
import { constants, deflateRawSync, deflateSync, inflateRawSync, inflateSync } from 'node:zlib'
import { Malformed } from '../base/errors.ts'
import type { Codec } from '../disk/codec.ts'

export const hostCodec: Codec = {
  inflateRaw: (bytes, mostBytes) => unpack(() => inflateRawSync(bytes, { maxOutputLength: mostBytes, finishFlush: constants.Z_SYNC_FLUSH })),
  inflate: (bytes, mostBytes) => unpack(() => inflateSync(bytes, { maxOutputLength: mostBytes, finishFlush: constants.Z_SYNC_FLUSH })),
  deflateRaw: (bytes) => deflateRawSync(bytes, { windowBits: 12 }),
  deflate: (bytes) => deflateSync(bytes),
  random: (count) => new Uint8Array(randomBytes(count)),
}

function unpack(work: () => Uint8Array): Uint8Array {
  try {
    return work()
  } catch (error) {
    throw new Malformed((error as Error).message)
  }
}
