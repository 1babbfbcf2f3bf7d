/** The `node:` service: a user's own server, or any Node library, on a host of the lab. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ServiceKind, ServicePoint, ServiceRoom } from '../../stack/service.ts'
import { ServiceConfigError } from '../../stack/service.ts'
import { HostError } from '../host-error.ts'
import { Inside } from './inside.ts'
import { InsideLoader } from './loader.ts'

export interface NodeConfig {
  /** A CommonJS file or an ES module, as the lab file names it. */
  readonly module: string
  /** Handed to the module's function, if it exports one. */
  readonly options: unknown
}

/** @param folder the lab file's: modules are named relative to it. */
export function nodeKind(folder: string): ServiceKind<NodeConfig> {
  return { kind: 'node', parse: parseConfig, create: (config, room) => new NodePoint(config, resolve(folder, config.module), room) }
}

class NodePoint implements ServicePoint {
  readonly #config: NodeConfig
  readonly #room: ServiceRoom
  readonly #inside: Inside
  #stop: unknown
  #closed = false

  /** @throws {HostError} when there is no such file. @throws whatever a CommonJS module throws while it is loaded. */
  constructor(config: NodeConfig, file: string, room: ServiceRoom) {
    this.#config = config
    this.#room = room
    const { name, sockets, scheduler, random, interfaces, nodes, hold } = room
    this.#inside = new Inside({ name, sockets, scheduler, random, interfaces, nodes, failed: (error) => this.#failed(error), ...(hold === undefined ? {} : { hold }) })
    const loader = new InsideLoader(this.#inside)
    if (InsideLoader.isEs(file)) this.#import(loader, file)
    else this.#start(loader.load(file))
  }

  /** Time stands until the module is there: how long that takes is the host's business. */
  #import(loader: InsideLoader, file: string): void {
    if (!existsSync(file)) throw new HostError('ENOENT', `there is no module ${this.#config.module}`, `it is looked for at ${file}`)
    const release = this.#room.hold?.()
    void loader.import(file).then((module) => this.#start(module['default'] ?? module)).catch((error: unknown) => this.#failed(error)).finally(() => release?.())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      if (typeof this.#stop === 'function') (this.#stop as () => unknown)()
    } catch (error) {
      this.#failed(error)
    }
  }

  #start(exported: unknown): void {
    if (this.#closed) return
    const { module, options } = this.#config
    this.#stop = typeof exported === 'function' ? (exported as (options: unknown) => unknown)(options) : undefined
    this.#inside.stir()
    this.#room.log.info('node.started', `${module} runs inside the lab`, { module })
  }

  #failed(error: unknown): void {
    const { module } = this.#config
    this.#room.log.error('node.failed', `${module} let an exception out: ${String(error)}`, { module })
  }
}

function parseConfig(config: unknown): NodeConfig {
  const map = (typeof config === 'object' && config !== null ? config : {}) as Record<string, unknown>
  for (const key of Object.keys(map)) if (key !== 'module' && key !== 'options' && !key.startsWith('x-')) throw new ServiceConfigError(`there is no key "${key}" here`, [key], 'module and options')
  if (typeof map['module'] !== 'string' || map['module'] === '') throw new ServiceConfigError('a module is needed', ['module'], 'module: ./my-server.mjs')
  return { module: map['module'], options: map['options'] }
}
