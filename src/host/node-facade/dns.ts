/** `node:dns` inside a lab: names of nodes and addresses as they are; what else there is a library asks a DNS server by itself. */
import { isIP } from 'node:net'
import type { Inside } from './inside.ts'

type Told = (error: Error | null, ...found: unknown[]) => void

/** An address for a name; undefined when the lab has no such node. */
export function lookupInside(inside: Inside, name: string): string | undefined {
  if (isIP(name) !== 0) return name
  if (name === 'localhost') return inside.interfaces[0]?.ipv4?.address
  const bare = name.replace(/\.$/, '').replace(/\.lab$/i, '').toLowerCase()
  return inside.nodes.find((node) => node.name.toLowerCase() === bare)?.addresses[0]
}

const missing = (name: string): Error => Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', hostname: name })
const wantsAll = (options: unknown): boolean => typeof options === 'object' && options !== null && (options as { all?: boolean }).all === true
const told = (promise: Promise<unknown>, tell: Told, spread: (value: unknown) => unknown[]): void => void promise.then((value) => tell(null, ...spread(value)), (error: Error) => tell(error))

/** The module, for `require('dns')`. */
export function dnsModule(inside: Inside): Record<string, unknown> {
  const found = (name: string): string => {
    const address = lookupInside(inside, name)
    if (address === undefined) throw missing(name)
    return address
  }
  const lookedUp = (name: string, options: unknown): unknown => (wantsAll(options) ? [{ address: found(name), family: 4 }] : { address: found(name), family: 4 })
  const promises = { lookup: async (name: string, options?: unknown) => lookedUp(name, options), resolve4: async (name: string) => [found(name)], resolve: async (name: string) => [found(name)] }
  return {
    promises,
    lookup: (name: string, options: unknown, tell?: Told) => {
      const hear = (typeof options === 'function' ? options : tell) as Told
      told(promises.lookup(name, options), hear, (value) => (Array.isArray(value) ? [value] : Object.values(value as object)))
    },
    resolve4: (name: string, tell: Told) => told(promises.resolve4(name), tell, (value) => [value]),
    resolve: (name: string, tell: Told) => told(promises.resolve(name), tell, (value) => [value]),
  }
}
