/** What a DHCPv6 client tells about itself, and its relays about it. RFC 8415 §21, RFC 5970 §3.3, RFC 6939. */
import type { Exchange, Ia, Relayed } from '../../src/wire/dhcpv6.ts'
import { fromUtf8, hex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { formatMac } from '../../src/wire/address.ts'
import { codes, macOf, option, parseIa, parseIaAddress, parseIaPrefix, piecesOf, wordsOf } from '../../src/wire/dhcpv6.ts'
import { formatIpv6 } from '../../src/wire/address.ts'

/** An identity association, and what the client would like or has in it, as text. */
export interface Association {
  readonly kind: 'na' | 'pd'
  readonly iaid: number
  readonly named: readonly string[]
}

export interface Asker {
  /** In hex; empty when it didn't say. */
  readonly duid: string
  readonly clientId: Uint8Array | undefined
  readonly serverId: Uint8Array | undefined
  /** `52:54:00:12:34:56`, as far as it can be known. */
  readonly mac: string | undefined
  readonly wishes: ReadonlySet<number>
  readonly archs: readonly number[]
  readonly users: readonly string[]
  readonly vendorClass: Uint8Array | undefined
  readonly rapid: boolean
  readonly associations: readonly Association[]
}

/** §11.1: without its type a DUID has 1 to 128 bytes. */
const [shortestDuid, longestDuid] = [3, 130]
/** Associations of one message that are answered, and things named in one that are looked at. */
const mostAssociations = 16
const mostNamed = 16

/** @param peer the client's link-local address. @throws {Malformed} */
export function readAsker({ options }: Exchange, relays: readonly Relayed[], peer: Uint8Array): Asker {
  const clientId = option(options, codes.clientId)
  if (clientId !== undefined && (clientId.length < shortestDuid || clientId.length > longestDuid)) throw new Malformed(`a DUID of ${clientId.length} bytes`)
  const vendorClass = option(options, codes.vendorClass)
  return {
    duid: clientId === undefined ? '' : hex(clientId),
    clientId,
    serverId: option(options, codes.serverId),
    mac: macText(clientId, relays, peer),
    wishes: new Set(wordsOf(option(options, codes.optionRequest))),
    archs: wordsOf(option(options, codes.clientArch)),
    users: piecesOf(option(options, codes.userClass)).map(fromUtf8),
    vendorClass,
    rapid: option(options, codes.rapidCommit) !== undefined,
    associations: options.filter(({ code }) => code === codes.iaNa || code === codes.iaPd).slice(0, mostAssociations).map(({ code, data }) => association(code === codes.iaNa ? 'na' : 'pd', parseIa(data))),
  }
}

function association(kind: Association['kind'], { iaid, options }: Ia): Association {
  const code = kind === 'na' ? codes.iaAddress : codes.iaPrefix
  const named = options.filter((each) => each.code === code).slice(0, mostNamed).map(({ data }) => {
    if (kind === 'na') return formatIpv6(parseIaAddress(data).address)
    const { prefix, length } = parseIaPrefix(data)
    return `${formatIpv6(prefix)}/${length}`
  })
  return { kind, iaid, named }
}

/** By its DUID, by its relay (RFC 6939), or by an address that was made of it (RFC 4291 appendix A). */
function macText(clientId: Uint8Array | undefined, relays: readonly Relayed[], peer: Uint8Array): string | undefined {
  const own = clientId === undefined ? undefined : macOf(clientId)
  if (own !== undefined) return formatMac(own)
  const told = relays.map(({ options }) => option(options, codes.clientLinkLayer)).find((each) => each?.length === 8)
  if (told !== undefined) return formatMac(told.subarray(2))
  if (peer[11] !== 0xff || peer[12] !== 0xfe) return undefined
  return formatMac(Uint8Array.of(peer[8] ^ 2, peer[9], peer[10], peer[13], peer[14], peer[15]))
}
