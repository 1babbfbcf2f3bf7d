/** Lab file → Topology. Everything that can be wrong with the file is told here, at its line, before anything is built. */
import type { Place } from '../base/errors.ts'
import type { Path } from '../stack/service.ts'
import { assemble, type LabSource } from './assemble.ts'
import { complain } from './complaint.ts'
import { plain, placeOf } from './located.ts'
import { type Dictionary, Reading } from './reading.ts'
import { resolve } from './resolve.ts'
import { labSchema } from './schema.ts'
import type { Topology } from './topology.ts'

export interface ParsedLab {
  readonly topology: Topology
  /** Where a part of the file was written, for what turns out wrong later. */
  readonly place: (path: Path) => Place
}

/** @throws {ConfigError} */
export function parseLab(source: LabSource, dictionary: Dictionary): ParsedLab {
  const root = assemble(source)
  const result = labSchema.safeParse(plain(root))
  if (!result.success) throw complain(root, result.error.issues)
  return { topology: resolve(new Reading(root, result.data, dictionary, source.file)), place: (path) => placeOf(root, path) }
}
