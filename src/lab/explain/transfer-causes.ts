/** Causes around files: which was asked for, what it was, and how far it came. */
import type { LogEntry } from '../../base/log.ts'
import type { Cause, Evidence } from './evidence.ts'
import { lastOf, servicesOf } from './evidence.ts'
import { fileKind } from './file-kind.ts'
import type { Transfer } from './story.ts'

/** IPv4 and UDP headers and TFTP's own. */
const overhead = 32
const usualMtu = 1500

const last = ({ story }: Evidence): Transfer | undefined => story.transfers.at(-1)

export const wrongArchitecture: Cause = ({ plan, story }) => {
  const transfer = story.transfers.findLast(({ done }) => done)
  const kind = transfer === undefined ? undefined : fileKind(transfer.head)
  if (transfer === undefined || kind?.machine === undefined || kind.machine.startsWith('RISC-V')) return undefined
  return { cause: 'wrong-architecture', because: `${plan.name} is a RISC-V machine and was given ${transfer.file}, ${kind.what} for ${kind.machine}`, fix: 'Serve the riscv64 build of it, or choose by dhcp.match: [{ arch: 27, boot: { file: … } }].' }
}

export const notAnImage: Cause = ({ plan, story }) => {
  const transfer = story.transfers.findLast(({ done }) => done)
  const kind = transfer === undefined ? undefined : fileKind(transfer.head)
  if (transfer === undefined || kind === undefined || kind.bootable) return undefined
  return { cause: 'wrong-image', because: `${plan.name} was given ${transfer.file}, which is ${kind.what} and nothing to boot`, fix: `Put the image itself under tftp as ${transfer.file}.` }
}

export const fileMissing: Cause = (evidence) => {
  const transfer = last(evidence)
  const told = missingEntry(evidence, transfer?.file)
  const refused = transfer?.error?.from === 'server' && transfer.error.code === 1 ? transfer : undefined
  if ((told === undefined && refused === undefined) || wentOn(evidence, told?.time ?? refused?.began ?? 0)) return undefined
  const file = String(told?.fields['file'] ?? refused?.file)
  const near = told?.fields['near']
  const where = told?.event === 'http.missing' ? 'http' : 'tftp'
  return { cause: 'file-not-found', because: `${evidence.plan.name} asked ${where} for ${file}, which is not there${near === undefined ? '' : `; there is ${String(near)}`}`, fix: near === undefined ? `Put ${file} under ${where}.files or its root.` : `Name what is there (dhcp.boot.file: ${String(near).split(', ')[0]}), or put ${file} under ${where}.files.` }
}

/** The one to blame of all that was asked for in vain: with a slip in its name rather than one that is only tried; a folder (U-Boot's `dtb/`) never. */
function missingEntry({ entries }: Evidence, file: string | undefined): LogEntry | undefined {
  const all = entries.filter(({ event, fields }) => ['tftp.missing', 'http.missing'].includes(event) && !String(fields['file']).endsWith('/'))
  return all.findLast(({ fields, severity }) => fields['near'] !== undefined && severity === 'warn') ?? all.findLast(({ fields }) => fields['near'] !== undefined) ?? all.findLast(({ severity, fields }) => severity === 'warn' || fields['file'] === file)
}

/** A file that was fetched after it for the first time shows that it could be done without. */
function wentOn({ story }: Evidence, missed: number): boolean {
  const before = new Set(story.transfers.filter(({ done, began }) => done && began <= missed).map(({ file }) => file))
  return story.transfers.some(({ began, done, file }) => done && began > missed && !before.has(file))
}

export const blockSize: Cause = (evidence) => {
  const transfer = last(evidence)
  if (transfer === undefined || transfer.done) return undefined
  const { plan } = evidence
  const told = lastOf(evidence, 'tftp.aborted')
  if (transfer.error?.code === 8 || told?.fields['code'] === 8) return { cause: 'blksize-refused', because: `${plan.name} asked for ${transfer.file} in blocks of ${transfer.asked ?? 512} bytes, was granted ${transfer.blksize}, and refused that`, fix: `Have it ask for at most ${Math.min(transfer.blksize, usualMtu - overhead)} bytes (U-Boot: setenv tftpblocksize ${Math.min(transfer.blksize, usualMtu - overhead)}), or allow larger ones: tftp.blksize.` }
  const mtu = plan.nics[0]?.mtu ?? usualMtu
  if (transfer.blksize + overhead > mtu && transfer.acknowledged === 0 && transfer.blocks <= 1) return { cause: 'blksize-above-mtu', because: `${transfer.file} was sent to ${plan.name} in blocks of ${transfer.blksize} bytes, more than a packet of ${mtu} holds, and none was acknowledged: they don’t come through`, fix: `Bound them: tftp.blksize: ${mtu - overhead}.`, silent: true }
  return undefined
}

export const fileRefused: Cause = (evidence) => {
  const transfer = last(evidence)
  if (transfer?.error?.from !== 'server' || transfer.done || transfer.blocks > 0 || [1, 8].includes(transfer.error.code)) return undefined
  return { cause: 'file-refused', because: `${evidence.plan.name} was refused ${transfer.file}: ${transfer.error.message || `code ${transfer.error.code}`}`, fix: 'Ask for a plain file below the tftp root, in mode octet.' }
}

export const counterWrap: Cause = (evidence) => {
  const transfer = last(evidence)
  if (transfer === undefined || transfer.done || transfer.blocks < 65_534) return undefined
  return { cause: 'counter-wrap', because: `${evidence.plan.name} stopped ${transfer.file} at block ${Math.min(transfer.blocks, 65_535)}, where TFTP’s 16-bit block number begins anew: its client does not go on behind ${extent(65_535 * transfer.blksize)} at ${transfer.blksize} bytes a block`, fix: `Use larger blocks (blksize ${usualMtu - overhead}: up to 91 MiB), or fetch it by HTTP or NFS.` }
}

export const transferStalled: Cause = (evidence) => {
  const transfer = last(evidence)
  if (transfer === undefined || transfer.done || (transfer.error?.from === 'server' && transfer.blocks === 0)) return undefined
  // It may still be under way, but not when the server has given it up.
  if (transfer.error === undefined && evidence.now - Math.max(transfer.lastHeard, transfer.lastSaid) < 1e9) return undefined
  const { plan } = evidence
  const silence = `${((evidence.now - transfer.lastHeard) / 1e9).toFixed(1)} s`
  if (transfer.blocks === 0) {
    const serves = servicesOf(evidence, 'tftp').some(({ address }) => address === transfer.server)
    return serves
      ? { cause: 'transfer-stalled', because: `${plan.name} asked ${transfer.server} for ${transfer.file} and never got a first block`, fix: 'Its answers don’t come through: look for firewalls, VLANs and the MTU on the way.', silent: true }
      : { cause: 'no-tftp-server', because: `${plan.name} asked ${transfer.server} for ${transfer.file}, and no TFTP server is there`, fix: 'Add tftp: to that network, or name the right one in dhcp.boot.server.' }
  }
  const who = transfer.acknowledged === transfer.block ? 'the server sent no more' : `${plan.name} did not acknowledge it`
  return { cause: 'transfer-stalled', because: `the transfer of ${transfer.file} to ${plan.name} stopped after block ${transfer.blocks} (${transfer.bytes} bytes): ${who} for ${silence}`, fix: 'Look at what the network does at that moment; the flight recorder has the packets.', silent: true }
}

const extent = (sizeBytes: number): string => (sizeBytes >= 2 ** 20 ? `${Math.round(sizeBytes / 2 ** 20)} MiB` : `${Math.round(sizeBytes / 2 ** 10)} KiB`)
