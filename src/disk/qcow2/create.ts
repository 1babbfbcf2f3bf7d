/** A new qcow2 image: header, an empty first-level table, refcounts. */
import { Malformed } from '../../base/errors.ts'
import type { CreatePlan } from '../format.ts'
import { syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { buildHeader, l1EntriesFor } from './header.ts'
import { Refcounts } from './refcounts.ts'

const usualClusterBytes = 65_536

/** @param plan.variant `v3` (the usual one), `v2`, or `lazy`: v3 with lazy refcounts allowed. */
export function createQcow2(file: ImageFile, plan: CreatePlan): void {
  const clusterBytes = plan.clusterBytes ?? usualClusterBytes
  const clusterBits = Math.log2(clusterBytes)
  if (!Number.isInteger(clusterBits) || clusterBits < 9 || clusterBits > 21) throw new Malformed(`clusters of ${clusterBytes} bytes: qcow2 has powers of two from 512 to 2097152`)
  const l1Entries = l1EntriesFor(plan.size, clusterBytes)
  const l1Clusters = Math.max(1, Math.ceil((l1Entries * 8) / clusterBytes))
  if (l1Entries * 8 > 32 << 20) throw new Malformed(`a disk of ${plan.size} bytes needs larger clusters than ${clusterBytes} bytes`)
  const version = plan.variant === 'v2' ? 2 : 3
  writeFully(file, 0, buildHeader({ version, clusterBits, size: plan.size, l1Entries, l1Position: clusterBytes, compression: 'zlib', backing: plan.backing?.name, backingFormat: plan.backing?.format === 'vhd' ? 'vpc' : plan.backing?.format, lazy: plan.variant === 'lazy' }))
  truncateFile(file, (1 + l1Clusters) * clusterBytes)
  const refcounts = new Refcounts(file, { clusterBytes, refcountOrder: 4, refcountTablePosition: 0, refcountTableClusters: 0 })
  refcounts.rewrite(new Uint32Array(1 + l1Clusters).fill(1), 1 + l1Clusters)
  syncFile(file)
}
