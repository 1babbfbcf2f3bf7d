/**
 * Modules of Node's that reach the host's network or start what does. Libraries name them without using them, so they are there to be
 * imported; whatever would do something says no.
 */
import { createRequire } from 'node:module'
import { HostError } from '../host-error.ts'

/** By module: what is left as it is, beside what is no function. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  child_process: [], cluster: [], worker_threads: [], inspector: [], vm: [], repl: [], 'dgram/promises': [],
  tls: ['checkServerIdentity', 'getCiphers'],
  https: [],
  http2: ['Http2ServerRequest', 'Http2ServerResponse', 'getDefaultSettings', 'getPackedSettings', 'getUnpackedSettings'],
}

export const isRefused = (name: string): boolean => Object.hasOwn(harmless, name)

/** The module without what it can do. */
export function refusedModule(name: string): Record<string, unknown> {
  const real = name === 'dgram/promises' ? {} : (createRequire(import.meta.url)(`node:${name}`) as Record<string, unknown>)
  const entries = Object.keys(real).map((key) => [key, typeof real[key] === 'function' && !harmless[name].includes(key) ? refusal(`${name}.${key}`) : real[key]])
  return Object.fromEntries(entries) as Record<string, unknown>
}

/** To be called, constructed or extended, as the real one; only the last does nothing. */
function refusal(what: string): unknown {
  return function refused(): never {
    throw new HostError('EPERM', `a module inside the lab can't have ${what}`, 'its network is the lab’s: node:net, node:dgram, node:http')
  }
}
