/** Tests of what the lab's service points say they did: an address leased, a file served. */
import type { Decide, Watch, Witnesses } from './watch.ts'

export function watchLease({ node, address }: { readonly node: string; readonly address: string | undefined }, witnesses: Witnesses, decide: Decide): Watch {
  return {
    told: ({ event, time }) => {
      if (event !== 'dhcp.ack') return
      const leases = witnesses.leases(node)
      if (address === undefined ? leases.length > 0 : leases.includes(address)) decide('passed', time, `${node} has a lease of ${address ?? leases.join(', ')}`)
    },
    missing: () => {
      const leases = witnesses.leases(node)
      return `${node} has ${leases.length === 0 ? 'no lease' : `a lease of ${leases.join(', ')}`}${address === undefined ? '' : `, ${address} wanted`}`
    },
  }
}

/** Services end a transfer with an event `….done` that names client and file. */
export function watchServed({ node, file }: { readonly node: string; readonly file: string }, witnesses: Witnesses, decide: Decide): Watch {
  const asked = new Set<string>()
  return {
    told: ({ event, time, fields, message }) => {
      if (fields['file'] === undefined || !witnesses.leases(node).includes(String(fields['client']))) return
      asked.add(String(fields['file']))
      if (event.endsWith('.done') && sameFile(String(fields['file']), file)) decide('passed', time, message)
    },
    missing: () => `${node} was not served ${file}${asked.size === 0 ? '' : `; it asked for ${[...asked].slice(0, 5).join(', ')}`}`,
  }
}

const sameFile = (a: string, b: string): boolean => a.replace(/^\/+/, '') === b.replace(/^\/+/, '')
