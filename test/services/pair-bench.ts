/** A service point on host b (10.0.0.2) of two hosts on one cable; host a (10.0.0.1) is the client's, with real UDP and TCP between them. */
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { TcpSocket } from '../../src/stack/sockets.ts'
import type { Volume } from '../../src/stack/volume.ts'
import { concat, fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { milliseconds } from '../../src/base/time.ts'
import { probeOf } from '../../src/lab/service-views.ts'
import { pair } from '../stack/bench.ts'
import type { Pair } from '../stack/bench.ts'
import { MemoryFiles, MemoryJournals, TestLog } from './bench.ts'

export interface Served extends Pair {
  readonly service: ServicePoint
  readonly log: TestLog
  readonly files: MemoryFiles
  readonly room: ServiceRoom
  /** A connection to the service. */
  readonly dial: (port: number) => Talk
}

export interface ServedOptions {
  readonly files?: Readonly<Record<string, Uint8Array | string>>
  readonly nodes?: ServiceRoom['nodes']
  /** What the service is given as a whole file system. */
  readonly volume?: Volume
}

export function served<Config>(kind: ServiceKind<Config>, config: unknown, options: ServedOptions = {}): Served {
  const world = pair()
  const log = new TestLog(world.time)
  const files = new MemoryFiles(options.files ?? {})
  const room: ServiceRoom = {
    name: `b.${kind.kind}`,
    sockets: world.b.sockets,
    interfaces: world.b.views,
    scheduler: world.time,
    random: new SeededRandom(kind.kind),
    files: () => files,
    journal: new MemoryJournals().open,
    ...(options.volume === undefined ? {} : { volume: () => options.volume as Volume }),
    log,
    probe: probeOf(world.b),
    nodes: options.nodes ?? [],
  }
  const service = kind.create(kind.parse(config), room)
  return { ...world, service, log, files, room, dial: (port) => new Talk(world, world.a.connect({ address: '10.0.0.2', port }, { allowHalfOpen: true })) }
}

/** One TCP connection and all that came from it. */
export class Talk {
  readonly socket: TcpSocket
  #parts: Uint8Array[] = []
  ended = false
  closed = false
  error: string | undefined
  readonly #world: Pick<Pair, 'run'>

  constructor(world: Pick<Pair, 'run'>, socket: TcpSocket) {
    this.#world = world
    this.socket = socket
    socket.on('data', (bytes) => {
      this.#parts.push(bytes.slice())
    })
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('error', (error) => {
      this.error = error.code
    })
  }

  get bytes(): Uint8Array {
    if (this.#parts.length > 1) this.#parts = [concat(...this.#parts)]
    return this.#parts[0] ?? new Uint8Array(0)
  }

  get text(): string {
    return fromUtf8(this.bytes)
  }

  /** Writes, waits, and gives what came since the last call. */
  say(said: string | Uint8Array, wait = milliseconds(100)): string {
    this.socket.write(typeof said === 'string' ? utf8(said) : said)
    return this.hear(wait)
  }

  /** What came since the last call. */
  hear(wait = milliseconds(100)): string {
    this.#world.run(wait)
    return fromUtf8(this.take())
  }

  take(): Uint8Array {
    const { bytes } = this
    this.#parts = []
    return bytes
  }
}
