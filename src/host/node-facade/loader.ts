/**
 * Loads modules into a lab: CommonJS files are compiled here, with a `require` that gives our `net`, `dgram`, `http`, `dns` and `timers` for
 * Node's, and with virtual timers, dates and chance in place of the globals; ES modules go by Node's own hooks (es-loader.ts), which ask here.
 * The modules themselves are not changed.
 */
import { readFileSync } from 'node:fs'
import Module, { builtinModules, createRequire, isBuiltin } from 'node:module'
import { dirname, extname, join } from 'node:path'
import nodePerformance from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import { HostError } from '../host-error.ts'
import { cryptoModule, labMath } from './chance.ts'
import { dgramModule } from './dgram.ts'
import { dnsModule } from './dns.ts'
import { EsLoader } from './es-loader.ts'
import { httpModule } from './http.ts'
import type { Inside } from './inside.ts'
import { netModule } from './net.ts'
import { isRefused, refusedModule } from './refused.ts'
import { performanceOf, timerGlobals, timersModule } from './timers.ts'

interface Loaded {
  exports: unknown
  readonly id: string
  readonly filename: string
  loaded: boolean
}

export class InsideLoader {
  readonly #builtins: ReadonlyMap<string, unknown>
  readonly #globals: Readonly<Record<string, unknown>>
  readonly #cache = new Map<string, Loaded>()
  readonly #refused = new Map<string, unknown>()
  readonly #es: EsLoader

  constructor(inside: Inside) {
    const dns = dnsModule(inside)
    const timers = timersModule(inside)
    const performance = performanceOf(inside)
    this.#builtins = new Map<string, unknown>([
      ['dgram', dgramModule(inside)], ['net', netModule(inside)], ['http', httpModule(inside)], ['dns', dns], ['dns/promises', dns['promises']], ['timers', timers], ['timers/promises', timers['promises']],
      ['crypto', cryptoModule(inside)], ['perf_hooks', { ...nodePerformance, performance }],
      ['module', { builtinModules, isBuiltin, createRequire: (from: string | URL) => this.#requireFor(pathOf(from)) }],
    ])
    this.#globals = { ...timerGlobals(inside), Math: labMath(inside), performance, fetch: () => Promise.reject(new HostError('EPERM', "a module inside the lab can't fetch from the host's network", 'node:http asks the lab’s')) }
    this.#es = new EsLoader({ builtin: (name) => this.builtin(name), cjs: (url) => this.#file(fileURLToPath(url)).exports, globals: () => this.#globals })
  }

  /** Whether a file is an ES module. @param file an absolute path. */
  static isEs(file: string): boolean {
    return extname(file) === '.mjs' || (extname(file) === '.js' && isEsm(file))
  }

  /** @param file an absolute path of an ES module. @returns its namespace. */
  import(file: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#es.import(file)
  }

  /** @param file an absolute path. @returns what the module exports. @throws {HostError} for an ES module. */
  load(file: string): unknown {
    return this.#file(createRequire(file).resolve(file)).exports
  }

  /** A builtin as a module inside gets it: `net`, `node:dgram`. */
  builtin(name: string): unknown {
    const bare = name.replace(/^node:/, '')
    if (this.#builtins.has(bare)) return this.#builtins.get(bare)
    if (isRefused(bare)) {
      const known = this.#refused.get(bare) ?? refusedModule(bare)
      this.#refused.set(bare, known)
      return known
    }
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
    if (InsideLoader.isEs(filename)) throw new HostError('ERR_REQUIRE_ESM', `${filename} is an ES module, which require can't load`, 'import it from an ES module')
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

const pathOf = (from: string | URL): string => (typeof from === 'string' && !from.startsWith('file:') ? from : fileURLToPath(from))

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
