/** The FTP service point. RFC 959, 1123 §4.1, 2389, 2428, 2577, 3659. Files are read-only unless the lab file says otherwise. */
import type { FileTree } from '../../src/stack/files.ts'
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import type { Listener, TcpSocket } from '../../src/stack/sockets.ts'
import type { FtpConfig } from './config.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { parseConfig } from './config.ts'
import { Session } from './session.ts'
import { VolumeTree } from './volume-tree.ts'

export const ftp: ServiceKind<FtpConfig> = { kind: 'ftp', bothVersions: true, parse: parseConfig, create: (config, room) => new FtpService(config, room) }

class FtpService implements ServicePoint {
  readonly #config: FtpConfig
  readonly #room: ServiceRoom
  readonly #files: FileTree
  readonly #changes: VolumeTree | undefined
  readonly #listener: Listener
  readonly #sessions = new Set<Session>()
  #count = 0
  #turnedAway = 0

  constructor(config: FtpConfig, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    this.#changes = changesOf(config, room)
    this.#files = this.#changes ?? room.files(config.root, config.write === true)
    this.#listener = room.sockets.listen({ address: '0.0.0.0', port: config.port }, (socket) => this.#accept(socket))
  }

  close(): void {
    this.#listener.close()
    for (const session of this.#sessions) session.close()
    this.#changes?.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const sessions = [...this.#sessions].map(({ client, user, folder, transferring }) => ({ client, user: user ?? '', folder, transferring }))
    return { sessions, counters: [{ sessions: this.#count, turnedAway: this.#turnedAway }] }
  }

  #accept(socket: TcpSocket): void {
    if (this.#sessions.size >= this.#config.connections) return this.#turnAway(socket)
    const { sockets, scheduler, log, name } = this.#room
    const session: Session = new Session({
      socket,
      sockets,
      scheduler,
      files: this.#files,
      changes: this.#changes,
      config: this.#config,
      log,
      name: `${name}.session${this.#count++}`,
      closed: () => void this.#sessions.delete(session),
    })
    this.#sessions.add(session)
  }

  #turnAway(socket: TcpSocket): void {
    const client = socket.remoteAddress ?? ''
    if (this.#turnedAway++ === 0) this.#room.log.warn('ftp.busy', `${client} is turned away: there are ${this.#sessions.size} sessions already`, { client })
    socket.on('error', () => undefined)
    socket.write(utf8('421 Too many are here\r\n'))
    socket.end()
    socket.resume()
  }
}

/** Where something may be written, the folder is a volume: what is written bears the lab's time, and names come and go. */
function changesOf({ root, write, limitBytes }: FtpConfig, room: ServiceRoom): VolumeTree | undefined {
  if (write === false || room.volume === undefined || root === '') return undefined
  return new VolumeTree(room.volume({ path: root, image: undefined, write, limitBytes }), room.files(''))
}
