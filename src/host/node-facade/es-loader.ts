/** Imports ES modules into a lab: with Node's module hooks (es-hooks.ts), which ask here what a module's imports are. */
import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { hooksSource } from './es-hooks.ts'

/** Who gives a module inside what it imports. */
export interface EsGiver {
  /** `node:net` */
  builtin(name: string): unknown
  /** What a CommonJS file exports. @param url of the file. */
  cjs(url: string): unknown
  /** The globals that are the lab's. */
  globals(): Readonly<Record<string, unknown>>
}

interface Question {
  readonly id: number
  readonly inside: number
  readonly kind: keyof EsGiver
  readonly name: string
}

/** Where the modules that the hooks make find who gives to them. */
const registry = Symbol.for('netloom.inside')
let port: MessagePort | undefined
let underWay = 0
let count = 0

/** One lab's host, as its ES modules know it. */
export class EsLoader {
  readonly #number: number

  constructor(giver: EsGiver) {
    this.#number = ++count
    givers().set(this.#number, giver)
  }

  /** @param file absolute. @returns the module's namespace. */
  async import(file: string): Promise<Readonly<Record<string, unknown>>> {
    const url = `${pathToFileURL(file).href}?netloom-inside=${this.#number}`
    port ??= listen()
    // A program with nothing else to do must not end before its module is there.
    if (underWay++ === 0) port.ref()
    try {
      return await nativeImport(url)
    } finally {
      if (--underWay === 0) port.unref()
    }
  }
}

function givers(): Map<number, EsGiver> {
  const all = globalThis as unknown as Record<symbol, Map<number, EsGiver> | undefined>
  return (all[registry] ??= new Map())
}

/** Node's own `import()`, also where a tool that runs us puts another in its place: not in a module that it never sees. */
async function nativeImport(url: string): Promise<Readonly<Record<string, unknown>>> {
  const module: string = 'data:text/javascript,export default (url) => import(url)'
  const { default: importing } = (await import(module)) as { default: (url: string) => Promise<Readonly<Record<string, unknown>>> }
  return importing(url)
}

/** Once a thread. */
function listen(): MessagePort {
  const { port1, port2 } = new MessageChannel()
  port1.on('message', (question: Question) => port1.postMessage({ id: question.id, ...answer(question) }))
  port1.unref()
  register(`data:text/javascript,${encodeURIComponent(hooksSource)}`, { parentURL: import.meta.url, data: { port: port2 }, transferList: [port2] })
  return port1
}

function answer({ inside, kind, name }: Question): { names: string[] } | { error: { message: string; code: string | undefined } } {
  try {
    const module = givers().get(inside)?.[kind](name)
    return { names: module === null || (typeof module !== 'object' && typeof module !== 'function') ? [] : Object.keys(module) }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { error: { message: `${name}: ${message}`, code } }
  }
}
