/** The NTP service point: the lab's virtual time, told to whoever asks. RFC 5905 §9.2 (a server's part of mode 3 and 4), RFC 4330. */
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Arrival, UdpSocket } from '../../src/stack/sockets.ts'
import { secondsOf, usualEpoch } from '../../src/base/calendar.ts'
import { Malformed } from '../../src/base/errors.ts'
import { build, modes, parse, serverPort, stampOf, type Packet } from '../../src/wire/ntp.ts'
import { Settings } from '../settings.ts'
import { isOwnAddress } from '../own-address.ts'

export interface NtpConfig {
  /** What virtual time 0 is, in nanoseconds since 1970. */
  readonly epoch: bigint
  readonly stratum: number
}

/** `NETL`: the source of a stratum 1 clock. */
const reference = 0x4e45_544c
/** Virtual time has no error; this is the least a packet can say, 2^-16 s. */
const dispersion = 1
/** Nanoseconds. */
const precision = -30

export const ntp: ServiceKind<NtpConfig> = { kind: 'ntp', bothVersions: true, parse: parseConfig, create: (config, room) => new NtpService(config, room) }

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): NtpConfig {
  const settings = new Settings(config, ['epoch', 'stratum'])
  const written = settings.text('epoch', 'a time such as 2026-01-01T00:00:00Z')
  const parts = written === undefined ? undefined : /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?Z?)?$/.exec(written)
  if (parts === null) return settings.refuse('epoch', 'a time such as 2026-01-01T00:00:00Z')
  const epoch = parts === undefined ? usualEpoch : secondsSince(parts.slice(1).map((part) => Number(part ?? 0)))
  if (epoch === undefined) return settings.refuse('epoch', 'a day and a time that there are, from 1970 to 2100')
  return { epoch: BigInt(epoch) * 1_000_000_000n, stratum: settings.whole('stratum', 1, 15, 1) }
}

function secondsSince([year, month, day, hour, minute, second]: readonly number[]): number | undefined {
  return year < 1970 || year > 2100 ? undefined : secondsOf({ year, month, day, hour, minute, second })
}

/** Clients that were told the time, for `inspect`. */
const mostClients = 1024

class NtpService implements ServicePoint {
  readonly #config: NtpConfig
  readonly #room: ServiceRoom
  readonly #socket: UdpSocket
  readonly #clients = new Map<string, number>()
  #malformed = 0

  constructor(config: NtpConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#socket = room.sockets.bind({ address: '0.0.0.0', port: serverPort }, (payload, arrival) => this.#hear(payload, arrival))
  }

  close(): void {
    this.#socket.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    return { clients: [...this.#clients].map(([client, asked]) => ({ client, asked })), counters: [{ malformed: this.#malformed }] }
  }

  #hear(payload: Uint8Array, { from, to }: Arrival): void {
    if (!isOwnAddress(this.#room.interfaces, to.address)) return
    try {
      const request = parse(payload)
      const mode = answerMode(request)
      if (mode === undefined || request.version < 1 || request.version > 4) return
      this.#socket.send(build(this.#reply(request, mode)), from, { source: to.address })
      this.#told(from.address)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      this.#malformed++
    }
  }

  /** A service point thinks in no time: the packet leaves at the very instant it came. */
  #reply(request: Packet, mode: number): Packet {
    const now = this.#config.epoch + BigInt(this.#room.scheduler.now)
    const { stratum } = this.#config
    const { version, poll, transmitTime: originTime } = request
    // "the last time the system clock was set": a whole second, as a clock that is set each second would say.
    const referenceTime = stampOf(now - (now % 1_000_000_000n))
    const source = stratum === 1 ? reference : 0x7f7f_0100
    return { leap: 0, version, mode, stratum, poll: Math.max(4, Math.min(poll, 17)), precision, rootDelay: 0, rootDispersion: dispersion, reference: source, referenceTime, originTime, receiveTime: stampOf(now), transmitTime: stampOf(now) }
  }

  #told(client: string): void {
    const asked = this.#clients.get(client)
    if (asked === undefined && this.#clients.size >= mostClients) return
    this.#clients.set(client, (asked ?? 0) + 1)
    if (asked === undefined) this.#room.log.info('ntp.client', `${client} asks for the time`, { client })
  }
}

/** Mode 0 is version 1's way to ask (RFC 1305 appendix B); a symmetric peer is served without becoming one (RFC 5905 §9.2). */
function answerMode({ mode, version }: Packet): number | undefined {
  if (mode === modes.client || (mode === 0 && version === 1)) return modes.server
  return mode === modes.active ? modes.passive : undefined
}
