/** rpcbind: tells which port a program answers at, in versions 2 (the port mapper), 3 and 4. RFC 1833. */
import { accepted, programs } from '../../src/wire/rpc.ts'
import { type Arguments, type Binding, parseArguments, parseUniversal, procedures2, procedures4, protocols, universal } from '../../src/wire/portmap.ts'
import type { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'
import type { Caller, Program, Transport } from './dispatch.ts'
import { concat } from '../../src/base/bytes.ts'
import { parseIpv4 } from '../../src/wire/address.ts'

export interface Registration {
  readonly program: number
  readonly version: number
  readonly transport: Transport
  readonly port: number
}

const owner = 'superuser'
/** rpcb_stat: 13 counts by procedure, set and unset, and two lists; one for each version (§2.1). */
const statisticsWords = 17
const statisticsVersions = 3
/** nc_semantics of rpcb_entry: NC_TPI_CLTS and NC_TPI_COTS_ORD. */
const semantics = { udp: 1, tcp: 3 } as const

export class Rpcbind implements Program {
  readonly number = programs.portmap
  readonly name = 'rpcbind'
  readonly versions = [2, 3, 4]
  readonly #registrations: () => readonly Registration[]
  readonly #now: () => number

  /** @param now seconds since 1970. */
  constructor(registrations: () => readonly Registration[], now: () => number) {
    this.#registrations = registrations
    this.#now = now
  }

  changes(): boolean {
    return false
  }

  serve({ version, procedure }: { version: number; procedure: number }, xdr: XdrReader, results: XdrWriter, caller: Caller): number | undefined {
    const name = (version === 2 ? procedures2 : procedures4)[procedure]
    // "RPCBPROC_TADDR2UADDR" is the last of version 3; getversaddr and what follows came with version 4.
    if (name === undefined || (version === 3 && procedure > 8)) return accepted.procedureUnavailable
    return this.#answer(parseArguments(name, version, xdr), version, results, caller)
  }

  #answer(call: Arguments, version: number, results: XdrWriter, caller: Caller): number | undefined {
    switch (call.procedure) {
      case 'null':
        break
      case 'set':
      case 'unset':
        // The lab file says what runs here; nobody on the network does.
        results.bool(false)
        break
      case 'getport':
        results.u32(this.#find(call.mapping.program, call.mapping.version, call.mapping.protocol === protocols.tcp ? 'tcp' : call.mapping.protocol === protocols.udp ? 'udp' : undefined)?.port ?? 0)
        break
      case 'dump':
        this.#dump(version, results)
        break
      case 'getaddr':
      case 'getversaddr':
        results.string(this.#address(call.binding, caller, call.procedure === 'getversaddr'))
        break
      case 'getaddrlist':
        this.#addresses(call.binding, results, caller)
        break
      case 'gettime':
        results.u32(this.#now())
        break
      case 'getstat':
        for (let word = 0; word < statisticsWords * statisticsVersions; word++) results.u32(0)
        break
      case 'uaddr2taddr':
        results.u32(16).opaque(netbuf(call.address))
        break
      case 'taddr2uaddr':
        results.string(fromNetbuf(call.netbuf))
        break
      default:
        return this.#indirect(call, version, results, caller)
    }
    return accepted.success
  }

  #find(program: number, version: number, transport: Transport | undefined): Registration | undefined {
    const same = this.#registrations().filter((each) => each.program === program && each.transport === transport)
    // A version that isn't there gets another's port: the program itself then says what it has (RFC 1833 §3.2).
    return same.find((each) => each.version === version) ?? same[0]
  }

  #address({ program, version, netid }: Binding, caller: Caller, exactly: boolean): string {
    const transport = netid === '' ? caller.transport : netid === 'tcp' || netid === 'udp' ? netid : undefined
    const found = this.#find(program, version, transport)
    return found === undefined || (exactly && found.version !== version) ? '' : universal(caller.local, found.port)
  }

  #addresses({ program, version }: Binding, results: XdrWriter, caller: Caller): void {
    const found = this.#registrations().filter((each) => each.program === program && each.version === version)
    results.list(found, ({ transport, port }) => results.string(universal(caller.local, port)).string(transport).u32(semantics[transport]).string('inet').string(transport))
  }

  #dump(version: number, results: XdrWriter): void {
    results.list(this.#registrations(), (each) => {
      results.u32(each.program).u32(each.version)
      if (version === 2) results.u32(protocols[each.transport]).u32(each.port)
      else results.string(each.transport).string(universal('0.0.0.0', each.port)).string(owner)
    })
  }

  /**
   * Only the null procedure is called for somebody else, which is how `rpcinfo -b` looks for servers: a call made on behalf of a
   * stranger would come with our address (RFC 1833 §3.2 lets a server refuse). Silence, except for INDIRECT, which wants an answer.
   */
  #indirect(call: Arguments & { readonly call: { program: number; version: number; procedure: number } }, version: number, results: XdrWriter, caller: Caller): number | undefined {
    const found = this.#registrations().find((each) => each.program === call.call.program && each.version === call.call.version && each.transport === caller.transport)
    if (found === undefined || call.call.procedure !== 0) return call.procedure === 'indirect' ? accepted.systemError : undefined
    if (version === 2) results.u32(found.port)
    else results.string(universal(caller.local, found.port))
    results.opaque(new Uint8Array(0))
    return accepted.success
  }
}

/** sockaddr_in, as TI-RPC hands it over: family 2 in the host's order of a little-endian machine, port, address. */
function netbuf(text: string): Uint8Array {
  const found = parseUniversal(text)
  if (found === undefined) return new Uint8Array(0)
  const address = parseIpv4(found.address)
  return concat(Uint8Array.of(2, 0, found.port >>> 8, found.port & 0xff, address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff), new Uint8Array(8))
}

function fromNetbuf(bytes: Uint8Array): string {
  return bytes.length < 8 || bytes[0] !== 2 ? '' : universal([...bytes.subarray(4, 8)].join('.'), bytes[2] * 256 + bytes[3])
}
