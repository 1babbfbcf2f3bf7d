/** Which of our addresses a packet leaves with. RFC 6724 §5 with the policy table of §2.1; of its rules those that make sense on one interface. */
import type { OwnAddress } from './addresses.ts'
import { parseIpv6 } from '../../wire/address.ts'
import type { Subnet6 } from '../../wire/ipv6-address.ts'
import { commonBits, equalIpv6, inSubnet6, scopeOf } from '../../wire/ipv6-address.ts'
import { bare } from './zone.ts'

/** Longest prefix first. */
const labels: readonly (Subnet6 & { readonly label: number })[] = [
  { network: parseIpv6('::1'), prefix: 128, label: 0 },
  { network: parseIpv6('::ffff:0:0'), prefix: 96, label: 4 },
  { network: parseIpv6('::'), prefix: 96, label: 3 },
  { network: parseIpv6('2001::'), prefix: 32, label: 5 },
  { network: parseIpv6('2002::'), prefix: 16, label: 2 },
  { network: parseIpv6('3ffe::'), prefix: 16, label: 12 },
  { network: parseIpv6('fec0::'), prefix: 10, label: 11 },
  { network: parseIpv6('fc00::'), prefix: 7, label: 13 },
  { network: parseIpv6('::'), prefix: 0, label: 1 },
]

const labelOf = (address: Uint8Array): number => labels.find((row) => inSubnet6(row, address))?.label ?? 1

/** Undefined when there is none. */
export function selectSource(destination: Uint8Array, candidates: readonly OwnAddress[]): OwnAddress | undefined {
  let best: OwnAddress | undefined
  for (const candidate of candidates) if (best === undefined || better(candidate, best, bare(destination))) best = candidate
  return best
}

/** Whether `a` goes before `b`. */
function better(a: OwnAddress, b: OwnAddress, destination: Uint8Array): boolean {
  // Rule 1: prefer same address.
  if (equalIpv6(a.address, destination)) return true
  if (equalIpv6(b.address, destination)) return false
  // Rule 2: prefer appropriate scope.
  const [scopeA, scopeB] = [scopeOf(a.address), scopeOf(b.address)]
  if (scopeA !== scopeB) return scopeA < scopeB ? scopeA >= scopeOf(destination) : scopeB < scopeOf(destination)
  // Rule 3: avoid deprecated addresses.
  if (a.state !== b.state) return b.state === 'deprecated'
  // Rule 6: prefer matching label.
  const label = labelOf(destination)
  const [matchesA, matchesB] = [labelOf(bare(a.address)) === label, labelOf(bare(b.address)) === label]
  if (matchesA !== matchesB) return matchesA
  // Rule 8: use longest matching prefix, counted up to the candidate's own prefix length.
  return Math.min(a.prefix, commonBits(bare(a.address), destination)) > Math.min(b.prefix, commonBits(bare(b.address), destination))
}
