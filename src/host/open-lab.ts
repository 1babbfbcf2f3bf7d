/** From a lab file's name to a lab that can be run: read, images fetched, built. */
import { resolve } from 'node:path'
import { services } from '../../services/registry.ts'
import { concat } from '../base/bytes.ts'
import type { WasmEngine } from '../cpu/core.ts'
import { makeCore } from '../cpu/machine-core.ts'
import { buildLab } from '../lab/build.ts'
import type { FaultScript } from '../lab/faults/fault-plan.ts'
import type { Lab } from '../lab/lab.ts'
import type { LabParts } from '../lab/lab-parts.ts'
import { History } from '../lab/snapshot/history.ts'
import type { Topology } from '../lab/topology.ts'
import type { MachineThread } from '../lab/threads/machine-thread.ts'
import { type ParsedLab, parseLab } from '../lab/parse.ts'
import { HostError } from './host-error.ts'
import type { HearProgress } from './images/archive.ts'
import { catalog } from './images/catalog.ts'
import { build } from './images/cpio.ts'
import { ImageStore } from './images/image-store.ts'
import { type OpenedSource, openSource } from './lab-source.ts'
import { loadImages } from './load-images.ts'
import { startMachineThreads } from './machine-threads.ts'
import { openVolume } from './volume/open-volume.ts'
import { nodeKind } from './node-facade/node-kind.ts'
import { rememberOrigin } from './snapshots/lab-origin.ts'
import { type FilesState, LabFiles } from './snapshots/lab-files.ts'
import { NodeWasmEngine } from './wasm-engine.ts'

export interface OpenOptions {
  /** The lab file; the usual one of the current folder when left out. */
  readonly file?: string | undefined
  readonly seed?: string | undefined
  readonly name?: string | undefined
}

export interface LoadOptions extends OpenOptions {
  /** Threads for machines, in place of the file's. */
  readonly workers?: number | 'auto' | undefined
  /** Started threads, in place of those that the lab asks for. */
  readonly threads?: readonly MachineThread[]
  readonly hear?: HearProgress
  readonly signal?: AbortSignal
  /** In place of chance, single hits of the faults. */
  readonly script?: FaultScript
  /** So much is kept of what the lab does, so that it can be saved; undefined: nothing, and it can't be. */
  readonly historyBytes?: number | undefined
  /** The lab's files as they were, for one that is brought back. */
  readonly past?: FilesState
  /** The name under which it runs, when that is not the one its addresses come from. */
  readonly runName?: string | undefined
  /** Where its machines' wasm runs; an engine of its own when left out. */
  readonly engine?: WasmEngine
  /** What `loadImages` would load, for a lab that is put together again. */
  readonly images?: ReadonlyMap<string, Uint8Array>
}

export interface ReadLab extends ParsedLab {
  readonly source: OpenedSource
  /** What the command line said in place of the file. */
  readonly given: { readonly name?: string | undefined; readonly seed?: string | undefined }
}

/** Reads and checks; touches nothing but the file and what it includes. @throws {ConfigError} */
export function readLab(options: OpenOptions): ReadLab {
  const source = openSource(options.file)
  const dictionary = { services: { ...services, node: nodeKind(source.folder) }, images: catalog.map((row) => row.name), seed: options.seed, name: options.name }
  return { source, given: { name: options.name, seed: options.seed }, ...parseLab(source, dictionary) }
}

/** @throws {ConfigError | HostError} */
export async function openLab(options: LoadOptions): Promise<{ lab: Lab; read: ReadLab }> {
  const read = readLab(options)
  return { lab: await loadLab(read, options), read }
}

/** Fetches what the lab needs and puts it together. @throws {ConfigError | HostError} */
export async function loadLab(read: ReadLab, { hear, signal, script, historyBytes, past, runName, engine = new NodeWasmEngine(), images: known, workers, threads }: Omit<LoadOptions, keyof OpenOptions> = {}): Promise<Lab> {
  const { folder } = read.source
  const store = new ImageStore({ ...(hear === undefined ? {} : { hear }), ...(signal === undefined ? {} : { signal }) })
  const images = known ?? await loadImages(read.topology, folder, store)
  const program = await builtIn(read.topology)
  const written = new Set<string>()
  const files = new LabFiles(read.topology, folder, past)
  const topology = runName === undefined ? read.topology : { ...read.topology, name: runName }
  const lab = buildLab(topology, {
    threads: threads ?? (await startMachineThreads(topology, workers)),
    makeCore: (config) => {
      try {
        return makeCore({ ...config, engine })
      } catch (error) {
        if (error instanceof RangeError) throw new HostError('ENOMEM', `the host has no room for ${config.ramBytes >> 20}M of guest memory`, 'give the node less: memory: 256M', error)
        throw error
      }
    },
    image: (name) => images.get(name) as Uint8Array,
    program,
    folder: (root, write) => files.folder(root, write),
    journal: (file) => files.journal(file),
    volume: (source, clock) => {
      if (source.write === true && source.path !== undefined) files.writtenInPlace(source.path)
      return openVolume(source, { clock, resolve: (path) => resolve(folder, path), image: (name) => images.get(name) as Uint8Array, written })
    },
    disk: (plan) => files.disk(plan),
    withProgram: (initrd, path, program) => concat(build(new Map([[path.replace(/^\//, ''), { kind: 'file', mode: 0o755, content: program }]])), initrd),
    services: { ...services, node: nodeKind(folder) },
    script,
    place: read.place,
  })
  rememberOrigin(lab, { read, images, files })
  lab.closers.push(() => files.close())
  if (historyBytes !== undefined) lab.history = new History(lab, historyBytes)
  return lab
}

/** The built-in guests' bytes; their code is loaded only where a lab has one. */
async function builtIn({ machines }: Topology): Promise<LabParts['program']> {
  const wanted = new Set(machines.flatMap(({ boot }) => (boot.kind === 'program' ? [boot.program] : [])))
  const hello = wanted.has('hello') ? (await import('../lab/hello-guest.ts')).helloProgram() : undefined
  const script = wanted.has('script') ? (await import('../lab/script-guest.ts')).scriptProgram : undefined
  return (boot) => (boot.program === 'script' ? script?.(boot.steps) : hello) as Uint8Array
}
