/** What a lab was made of on this computer: what a snapshot names, so that it is brought back from the same and from nothing else. */
import type { ReadLab } from '../open-lab.ts'
import type { Lab } from '../../lab/lab.ts'
import { sha256 } from '../images/sha256.ts'
import type { LabFiles } from './lab-files.ts'

export interface LabOrigin {
  /** As it was read; a lab that was brought back may run under another name. */
  readonly read: ReadLab
  readonly images: ReadonlyMap<string, Uint8Array>
  readonly files: LabFiles
}

const origins = new WeakMap<Lab, LabOrigin>()

/** For `loadLab`. */
export function rememberOrigin(lab: Lab, origin: LabOrigin): void {
  origins.set(lab, origin)
}

/** Undefined for a lab that `loadLab` has not made. */
export function originOf(lab: Lab): LabOrigin | undefined {
  return origins.get(lab)
}

/** Nobody writes to an image, so it is hashed once. */
const hashes = new WeakMap<Uint8Array, string>()

/** SHA-256 of each image. */
export function hashImages(images: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...images].map(([name, bytes]) => {
    const hash = hashes.get(bytes) ?? sha256(bytes)
    hashes.set(bytes, hash)
    return [name, hash]
  }))
}

/** SHA-256 of what a lab file was resolved to. */
export function hashTopology({ topology }: ReadLab): string {
  return sha256(JSON.stringify(topology, (_, value: unknown) => {
    if (typeof value === 'bigint' || value instanceof RegExp) return String(value)
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    return value instanceof Map ? [...value] : value
  }))
}
