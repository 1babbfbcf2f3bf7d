/** Causes around an NFS root: what the server said, on the wire or in its log, and what the guest made of it. */
import type { Cause, Finding } from './evidence.ts'
import { lastOf } from './evidence.ts'
import { lineTrimmed } from './line-trimmed.ts'

const versionLine = /((?:NFS|mount(?:\.nfs4?)?|VFS)[^\n]*(?:Protocol not supported|version mismatch|Program not registered)[^\n]*)/i
const staleLine = /[^\n]*Stale (?:NFS )?file handle[^\n]*/i
/** Busybox's mount, and nfs-utils'. */
const failedLine = /mount: mounting (\S+:\S+) on \S+ failed: (No such file or directory|Permission denied|Operation not permitted)|mount\.nfs4?: (access denied by server) while mounting (\S+)|mount\.nfs4?: mounting (\S+) failed, reason given by server: (No such file or directory)/
/** RFC 1813 §5.1.4. */
const status = { permission: 1, access: 13 } as const
const ports = ['2049', '111', '20048']

export const staleHandle: Cause = ({ console, plan, story }) => {
  const line = staleLine.exec(console)?.[0]
  const { stale } = story.nfs
  if (line === undefined && stale === undefined) return undefined
  const fix = 'Mount it again (restart the node); don’t replace files of an export while it is in use.'
  if (stale !== undefined && !stale.known) return { cause: 'nfs-stale', because: `${plan.name} uses an NFS handle that ${stale.server} never gave it in this run: it is of another server, or from before`, fix }
  return { cause: 'nfs-stale', because: `${plan.name} holds a file of its NFS root that is no longer there${line === undefined ? ` (${stale?.server ?? 'the server'} says so)` : ` ("${lineTrimmed(line)}")`}`, fix }
}

export const nfsVersionMismatch: Cause = ({ console, plan, story }) => {
  const { mismatch } = story.nfs
  if (mismatch !== undefined) {
    const { server, program, version, low, high } = mismatch
    const speaks = low === undefined || high === undefined ? 'does not speak it at all' : `speaks version ${low === high ? low : `${low} to ${high}`}`
    return { cause: 'nfs-version', because: `${plan.name} asks ${server} for ${program} version ${version}, and it ${speaks}`, fix: 'Mount with vers=3,tcp,nolock.' }
  }
  const line = versionLine.exec(console)?.[0]
  return line === undefined ? undefined : { cause: 'nfs-version', because: `${plan.name} asks for an NFS version or transport that the server does not speak: "${lineTrimmed(line)}"`, fix: 'Mount with vers=3,tcp,nolock.' }
}

export const nfsRefused: Cause = (evidence) => {
  const { plan, story, console } = evidence
  const entry = lastOf(evidence, 'nfs.mount-refused')
  if (entry !== undefined && lastOf(evidence, 'nfs.mount') === undefined) return missing(Number(entry.fields['status'])) ? notThere(plan.name, entry.message) : mayNot(plan.name, entry.message)
  const { refused, denied } = story.nfs
  if (refused !== undefined) {
    const said = `${refused.server} refuses ${refused.path} with status ${refused.status}`
    return missing(refused.status) ? notThere(plan.name, said) : mayNot(plan.name, said)
  }
  if (denied !== undefined && !story.nfs.mounted) return mayNot(plan.name, `${denied.server} does not take its credentials`)
  const line = failedLine.exec(console)
  if (line === null || story.nfs.mounted) return undefined
  return line[0].includes('No such file') ? notThere(plan.name, `"${lineTrimmed(line[0])}"`) : mayNot(plan.name, `"${lineTrimmed(line[0])}"`)
}

/** Nobody serves NFS where the node looks for it. */
export const noNfsServer: Cause = ({ plan, story }) => {
  if (story.nfs.mounted) return undefined
  const [at] = [...story.connections].filter(([key, { outcome }]) => ports.includes(key.slice(key.lastIndexOf(':') + 1)) && outcome !== 'open')
  if (at === undefined) return undefined
  const [key, { outcome, asked }] = at
  const server = key.slice(0, key.lastIndexOf(':'))
  return { cause: 'no-nfs-server', because: `${plan.name} looks for NFS at ${server}, and ${outcome === 'refused' ? 'nothing listens there' : `nobody answers (${asked} tries)`}`, fix: 'Add nfs: { exports: … } to that network, or mount from the right server.', ...(outcome === 'refused' ? {} : { silent: true }) }
}

const missing = (code: number): boolean => code !== status.permission && code !== status.access

const notThere = (node: string, said: string): Finding => ({ cause: 'nfs-export-missing', because: `${node} mounts an export that is not there: ${said}`, fix: 'Name it under nfs.exports, or mount one of those that are.' })

const mayNot = (node: string, said: string): Finding => ({ cause: 'nfs-refused', because: `${node} may not mount its NFS root: ${said}`, fix: 'Let its address in (nfs.exports: clients), or squash its root.' })
