/**
 * Loads CommonJS modules into a lab: their files are compiled here, with a `require` that gives our `net`, `dgram`, `http`, `dns` and
 * `timers` for Node's, and with virtual timers and dates in place of the globals. The modules themselves are not changed.
 */
import { readFileSync } from 'node:fs'
import Module, { createRequire, isBuiltin } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { compileFunction } from 'node:vm'
import { HostError } from '../host-error.ts'
import { dgramModule } from './dgram.ts'
import { dnsModule } from './dns.ts'
import { httpModule } from './http.ts'
import type { Inside } from './inside.ts'
import { netModule } from './net.ts'
import { timerGlobals, timersModule } from './timers.ts'

interface Loaded {
  exports: unknown
  readonly id: string
  readonly filename: string
  loaded: boolean
}

/** What reaches the host's network or starts what does: a module inside has none of it. */
const refused = new Set(['child_process', 'cluster', 'worker_threads', 'tls', 'https', 'http2', 'dgram/promises', 'inspector', 'vm', 'module', 'repl'])

export class InsideLoader {
  readonly #builtins: ReadonlyMap<string, unknown>
  readonly #globals: Readonly<Record<string, unknown>>
  readonly #cache = new Map<string, Loaded>()

  constructor(inside: Inside) {
    const dns = dnsModule(inside)
    const timers = timersModule(inside)
    this.#builtins = new Map<string, unknown>([
      ['dgram', dgramModule(inside)], ['net', netModule(inside)], ['http', httpModule(inside)], ['dns', dns], ['dns/promises', dns['promises']], ['timers', timers], ['timers/promises', timers['promises']],
    ])
    this.#globals = timerGlobals(inside)
  }

  /** @param file an absolute path. @returns what the module exports. @throws {HostError} for an ES module. */
  load(file: string): unknown {
    return this.#file(createRequire(file).resolve(file)).exports
  }

  /** A builtin as a module inside gets it: `net`, `node:dgram`. */
  builtin(name: string): unknown {
    const bare = name.replace(/^node:/, '')
    if (this.#builtins.has(bare)) return this.#builtins.get(bare)
    if (refused.has(bare)) throw new HostError('EPERM', `a module inside the lab can't have ${name}`, 'its network is the lab’s: node:net, node:dgram, node:http')
    return createRequire(import.meta.url)(name)
  }

  #file(file: string): Loaded {
    const known = this.#cache.get(file)
    if (known !== undefined) return known
    const module: Loaded = { exports: {}, id: file, filename: file, loaded: false }
    this.#cache.set(file, module)
    try {
      this.#run(module)
    } catch (error) {
      this.#cache.delete(file)
      throw error
    }
    module.loaded = true
    return module
  }

  #run(module: Loaded): void {
    const { filename } = module
    const kind = extname(filename)
    if (kind === '.json') {
      module.exports = JSON.parse(readFileSync(filename, 'utf8'))
      return
    }
    if (kind === '.node') {
      module.exports = createRequire(import.meta.url)(filename)
      return
    }
    if (kind === '.mjs' || (kind === '.js' && isEsm(filename))) throw new HostError('ERR_REQUIRE_ESM', `${filename} is an ES module`, 'write it as CommonJS (.cjs, require), or bundle it so')
    const code = readFileSync(filename, 'utf8').replace(/^#!.*/, '')
    const names = Object.keys(this.#globals)
    const run = compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname', ...names], { filename }) as (...words: unknown[]) => void
    run.call(module.exports, module.exports, this.#requireFor(filename), module, filename, dirname(filename), ...names.map((name) => this.#globals[name]))
  }

  #requireFor(filename: string): NodeJS.Require {
    const resolver = createRequire(filename)
    const load = (name: string): unknown => (isBuiltin(name) ? this.builtin(name) : this.#file(resolver.resolve(name)).exports)
    return Object.assign(load, { resolve: resolver.resolve, cache: Object.create(null), main: undefined, extensions: (Module as unknown as { _extensions: unknown })._extensions }) as unknown as NodeJS.Require
  }
}

/** Whether the nearest package.json says `"type": "module"`. */
function isEsm(file: string): boolean {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: string }).type === 'module'
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
    }
    if (folder === dirname(folder)) return false
  }
}
