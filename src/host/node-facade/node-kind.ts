/** The `node:` service: a user's own server, or any Node library, on a host of the lab. */
import { resolve } from 'node:path'
import type { ServiceKind, ServicePoint } from '../../stack/service.ts'
import { ServiceConfigError } from '../../stack/service.ts'
import { Inside } from './inside.ts'
import { InsideLoader } from './loader.ts'

export interface NodeConfig {
  /** A CommonJS file, as the lab file names it. */
  readonly module: string
  /** Handed to the module's function, if it exports one. */
  readonly options: unknown
}

/** @param folder the lab file's: modules are named relative to it. */
export function nodeKind(folder: string): ServiceKind<NodeConfig> {
  return {
    kind: 'node',
    parse: parseConfig,
    create({ module, options }, room): ServicePoint {
      const failed = (error: unknown): void => room.log.error('node.failed', `${module} let an exception out: ${String(error)}`, { module })
      const hold = room.hold === undefined ? {} : { hold: room.hold }
      const { name, sockets, scheduler, random, interfaces, nodes } = room
      const inside = new Inside({ name, sockets, scheduler, random, interfaces, nodes, failed, ...hold })
      const exported = new InsideLoader(inside).load(resolve(folder, module))
      const stop = typeof exported === 'function' ? (exported as (options: unknown) => unknown)(options) : undefined
      inside.stir()
      room.log.info('node.started', `${module} runs inside the lab`, { module })
      return { close: () => void (typeof stop === 'function' && (stop as () => unknown)()) }
    },
  }
}

function parseConfig(config: unknown): NodeConfig {
  const map = (typeof config === 'object' && config !== null ? config : {}) as Record<string, unknown>
  for (const key of Object.keys(map)) if (key !== 'module' && key !== 'options' && !key.startsWith('x-')) throw new ServiceConfigError(`there is no key "${key}" here`, [key], 'module and options')
  if (typeof map['module'] !== 'string' || map['module'] === '') throw new ServiceConfigError('a module is needed', ['module'], 'module: ./my-server.cjs')
  return { module: map['module'], options: map['options'] }
}
