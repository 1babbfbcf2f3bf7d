/** What can be given out on a link: addresses of a range, prefixes of a larger one. */
import type { Delegation, Range6 } from './config.ts'
import type { Pool } from './bindings.ts'
import { putU32be, u32be } from '../../src/base/bytes.ts'
import { formatIpv6, parseIpv6 } from '../../src/wire/address.ts'
import { equalIpv6, inSubnet6, subnetOf6, type Subnet6 } from '../../src/wire/ipv6-address.ts'

export function addressPool({ first, count }: Range6): Pool {
  const base = u32be(first, 12)
  const subnet: Subnet6 = { network: first.slice().fill(0, 12), prefix: 96 }
  return {
    count,
    at: (index) => {
      const address = first.slice()
      putU32be(address, 12, base + index)
      return formatIpv6(address)
    },
    has: (what) => {
      const address = parseIpv6(what)
      return inSubnet6(subnet, address) && u32be(address, 12) - base >= 0 && u32be(address, 12) - base < count
    },
  }
}

/** Prefixes have at most 64 bits, of which at most 16 differ (config.ts). */
export function prefixPool({ subnet, length }: Delegation): Pool {
  const place = BigInt(64 - length)
  const base = upper(subnet.network)
  const count = 2 ** (length - subnet.prefix)
  return {
    count,
    at: (index) => {
      const network = new Uint8Array(16)
      const value = base + (BigInt(index) << place)
      putU32be(network, 0, Number(value >> 32n))
      putU32be(network, 4, Number(value & 0xffff_ffffn))
      return `${formatIpv6(network)}/${length}`
    },
    has: (what) => {
      const [network, bits] = what.split('/')
      const address = parseIpv6(network)
      return bits === String(length) && inSubnet6(subnet, address) && equalIpv6(subnetOf6(address, length).network, address)
    },
  }
}

/** A part of a network that nobody's hash of his MAC leads to: its addresses ::1000 to ::1fff, or what a small network has. */
export function usualRange({ network, prefix }: Subnet6): Range6 | undefined {
  const first = network.slice()
  if (prefix <= 115) {
    putU32be(first, 12, (u32be(first, 12) | 0x1000) >>> 0)
    return { first, count: 4096 }
  }
  const size = 2 ** (128 - prefix)
  if (size < 8) return undefined
  // The lower half is for those whose addresses are written down.
  putU32be(first, 12, (u32be(first, 12) | (size / 2)) >>> 0)
  return { first, count: size / 2 }
}

const upper = (network: Uint8Array): bigint => (BigInt(u32be(network, 0)) << 32n) | BigInt(u32be(network, 4))
