/** The NFS service point: rpcbind, MOUNT and NFS version 3 over UDP and TCP, version 4 over TCP. RFC 1813, 1833, 5531, 7530, 8881. */
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../src/stack/service.ts'
import { ServiceConfigError } from '../../src/stack/service.ts'
import * as nfs3 from '../../src/wire/nfs3.ts'
import * as portmap from '../../src/wire/portmap.ts'
import { usualEpoch } from '../../src/base/calendar.ts'
import { fromUtf8, latin1 } from '../../src/base/bytes.ts'
import { Rpcbind, type Registration } from '../rpc/rpcbind.ts'
import { type Program, type Transport, versionsOf } from '../rpc/dispatch.ts'
import { type Door, RpcServer } from '../rpc/server.ts'
import { type ExportConfig, type NfsConfig, parseConfig } from './config.ts'
import { ExportTable } from './exports.ts'
import { Listings } from './listings.ts'
import { LockGranter } from './lock-granter.ts'
import { LockHosts } from './lock-hosts.ts'
import { LockManager, port as lockPort } from './lock-manager.ts'
import { Mount, port as mountPort } from './mount.ts'
import { Nfs3 } from './nfs3.ts'
import { OpenFiles } from './open-files.ts'
import { port as statusPort, StatusMonitor } from './status-monitor.ts'
import { NfsProgram } from './program.ts'
import type { Client } from './v4/client.ts'
import { Clients } from './v4/clients.ts'
import { Grace } from './v4/grace.ts'
import { Nfs4 } from './v4/nfs4.ts'
import { Tree } from './v4/tree.ts'
import type { Volume } from '../../src/stack/volume.ts'

export const nfs: ServiceKind<NfsConfig> = {
  kind: 'nfs',
  parse: parseConfig,
  create: (config, room) => new NfsService(config, room),
  images: ({ exports }) => exports.flatMap(({ name, source: { image } }) => (image === undefined ? [] : [{ path: ['exports', name, 'image'], image }])),
}

class NfsService implements ServicePoint {
  readonly #exports: ExportTable
  readonly #mount: Mount
  readonly #nfs3: Nfs3
  readonly #nfs4: Nfs4
  readonly #clients: Clients
  readonly #grace: Grace
  readonly #hosts: LockHosts
  readonly #granter: LockGranter
  readonly #server: RpcServer

  constructor(config: NfsConfig, room: ServiceRoom) {
    const secret = room.random.fork('handles')
    this.#exports = new ExportTable(config.exports, (each) => openVolume(each, room), secret.bytes(32))
    this.#mount = new Mount(this.#exports, room.log)
    const verifier = room.random.fork('verifier').bytes(nfs3.verifierBytes)
    this.#nfs3 = new Nfs3(this.#exports, verifier)
    this.#grace = new Grace(config.state === undefined ? undefined : room.journal(config.state), room.scheduler, room.log)
    const files = new OpenFiles()
    this.#clients = new Clients(room, room.random.fork('boot').below(2 ** 32), files, this.#grace)
    this.#hosts = new LockHosts(files)
    this.#granter = new LockGranter(room.sockets, room.scheduler, room.name)
    const locks = new LockManager({ exports: this.#exports, files, hosts: this.#hosts, granter: this.#granter, grace: this.#grace, log: room.log })
    this.#nfs4 = new Nfs4({ exports: this.#exports, tree: new Tree(this.#exports), listings: new Listings(), clients: this.#clients, log: room.log, verifier })
    const doors = [
      { port: nfs3.port, programs: [new NfsProgram(this.#nfs3, this.#nfs4)] },
      { port: mountPort, programs: [this.#mount] },
      { port: lockPort, programs: [locks] },
      { port: statusPort, programs: [new StatusMonitor(locks)] },
    ]
    const rpcbind = new Rpcbind(() => registrations([...doors, { port: portmap.port, programs: [rpcbind] }], this.#server.tcp), () => usualEpoch + Math.floor(room.scheduler.now / 1e9))
    try {
      this.#server = new RpcServer(room, [...doors, { port: portmap.port, programs: [rpcbind] }])
    } catch (error) {
      this.#grace.close()
      this.#exports.close()
      throw error
    }
  }

  close(): void {
    this.#server.close()
    this.#granter.close()
    this.#clients.close()
    this.#hosts.close()
    this.#grace.close()
    this.#exports.close()
  }

  inspect(): ReturnType<NonNullable<ServicePoint['inspect']>> {
    const exports = this.#exports.exports.map(({ config, readOnly }) => ({ export: config.name, from: config.source.path ?? config.source.image ?? '', write: readOnly ? 'no' : config.source.write === 'overlay' ? 'overlay' : 'yes', squash: config.squash }))
    const mounts = this.#mount.mounts.map(({ client, path }) => ({ client, path: fromUtf8(latin1(path)) }))
    return { exports, mounts, calls: [this.#nfs3.calls], refusals: [this.#nfs3.refusals], calls4: [this.#nfs4.calls], refusals4: [this.#nfs4.refusals], clients: Array.from(this.#clients.all, told), counters: [{ ...this.#server.counters }] }
  }
}

function openVolume(config: ExportConfig, room: ServiceRoom): Volume {
  if (room.volume === undefined) throw new ServiceConfigError('this lab has no folders to export', ['exports', config.name])
  return room.volume(config.source)
}

/** A client of version 4, as `inspect` shows it. */
const told = ({ address, minor, confirmed, states, sessions }: Client): Readonly<Record<string, string | number | boolean>> => {
  const open = [...states.values()].filter(({ kind }) => kind === 'open').length
  return { client: address, version: `4.${minor}`, confirmed, open, locks: states.size - open, sessions: sessions.size }
}

/** Every version of every program, over what it answers on. */
function registrations(doors: readonly Door[], tcp: boolean): Registration[] {
  const transports: readonly Transport[] = tcp ? ['udp', 'tcp'] : ['udp']
  const of = (program: Program, port: number): Registration[] => transports.flatMap((transport) => versionsOf(program, transport).map((version) => ({ program: program.number, version, transport, port })))
  return doors.flatMap(({ port, programs }) => programs.flatMap((program) => of(program, port)))
}
