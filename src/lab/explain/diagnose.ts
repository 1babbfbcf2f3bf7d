/** The boot doctor: evidence in, one sentence with the cause and one with the fix out. */
import { blockSize, counterWrap, fileMissing, fileRefused, notAnImage, transferStalled, wrongArchitecture } from './transfer-causes.ts'
import { dnsWrong, duplicateAddress, gatewayWrong, natRefused, noBootFile, noDhcpServer, noLink, offerIgnored, poolExhausted, refusedLease, wrongVlan } from './dhcp-causes.ts'
import { kernelPanic, outOfMemory, rootDeviceMissing, shareMissing, wrongImageType } from './console-causes.ts'
import { nfsRefused, nfsVersionMismatch, noNfsServer, staleHandle } from './nfs-causes.ts'
import type { Cause, Evidence, Finding } from './evidence.ts'

/** From what happens last in a boot to what happens first: a node that came far is not explained by what it got over early. */
const causes: readonly Cause[] = [
  outOfMemory, staleHandle, nfsRefused, nfsVersionMismatch, noNfsServer, shareMissing, rootDeviceMissing, kernelPanic, wrongImageType,
  wrongArchitecture, notAnImage, fileMissing, blockSize, fileRefused, counterWrap,
  duplicateAddress, gatewayWrong, dnsWrong, natRefused, transferStalled,
  noBootFile, poolExhausted, refusedLease, offerIgnored, wrongVlan, noDhcpServer, noLink,
]

/** @returns undefined when nothing that we know explains it. */
export function diagnose(evidence: Evidence): Finding | undefined {
  for (const cause of causes) {
    const found = cause(evidence)
    if (found !== undefined) return found.silent === true ? (byFault(evidence, found) ?? found) : found
  }
  return byFault(evidence, undefined)
}

/** Something never came, and a fault of the lab file took packets of this node: then that is why. */
function byFault({ plan, story, topology }: Evidence, silence: Finding | undefined): Finding | undefined {
  const taken = [...story.faults].filter(([, { effect }]) => effect === 'drop' || effect === 'corrupt' || effect === 'delay').sort(([, a], [, b]) => b.hits - a.hits)
  const [worst] = taken
  if (worst === undefined) return undefined
  const [name, { hits, first, effect }] = worst
  const verb = { drop: 'took', corrupt: 'damaged', delay: 'held back' }[effect] ?? 'befell'
  const index = topology.faults.findIndex((fault) => fault.name === name)
  const place = name.includes('.') ? name : index < 0 ? `link set` : `faults: ${name}`
  return { cause: 'lab-fault', because: `${silence === undefined ? `${plan.name} did not get on` : silence.because}; the lab file’s own fault ${name} ${verb} ${hits === 1 ? 'the packet' : `${hits} packets, the first`} "${first}"`, fix: `It does what it was asked to: take it out (${place}), or have the guest get over it.` }
}
