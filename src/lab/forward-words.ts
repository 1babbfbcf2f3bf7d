/** How a forwarded port is written: `2222:22`, `0.0.0.0:2222:22`, `[::1]:2222:22/udp`, `./web.sock:80`. In the lab file and on the command line. */
import type { ForwardPlan } from './topology.ts'

/** Who means every interface says 0.0.0.0: a lab's guest is nobody's but its user's until then. */
export const usualBind = '127.0.0.1'

const ports = /^(?:(\[[0-9a-fA-F:.%]+\]|[^:\s/[\]]+):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/
const path = /^(\.{0,2}\/[^:]*[^:/]):(\d{1,5})$/

/** @returns undefined for what is none. */
export function parseForward(text: string): ForwardPlan | undefined {
  const socket = path.exec(text)
  if (socket !== null) return isPort(socket[2]) ? { protocol: 'tcp', at: { path: socket[1] }, port: Number(socket[2]) } : undefined
  const found = ports.exec(text)
  if (found === null || !isPort(found[2]) || !isPort(found[3])) return undefined
  const host = (found[1] ?? usualBind).replace(/^\[|\]$/g, '')
  return { protocol: found[4] === 'udp' ? 'udp' : 'tcp', at: { host, port: Number(found[2]) }, port: Number(found[3]) }
}

/** The end on this computer, which names a forward: `127.0.0.1:2222`, `[::1]:2222/udp`, `./web.sock`. */
export function formatAt({ protocol, at }: Pick<ForwardPlan, 'protocol' | 'at'>): string {
  if ('path' in at) return at.path
  return `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}${protocol === 'udp' ? '/udp' : ''}`
}

/** What is written to name a forward: its end on this computer, the address left out where it is the usual one. */
export function parseAt(text: string): Pick<ForwardPlan, 'protocol' | 'at'> | undefined {
  const [at, protocol] = text.split(/\/(?=(?:tcp|udp)$)/)
  return parseForward(`${at}:1${protocol === undefined ? '' : `/${protocol}`}`)
}

const isPort = (text: string): boolean => Number(text) >= 1 && Number(text) <= 65_535
