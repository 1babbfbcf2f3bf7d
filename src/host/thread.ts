/** Starts a thread from one of our files, whether it runs built or from its source. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * @param name the thread's file beside the caller's, without its ending.
 * @param from the caller's `import.meta.url`.
 */
export function startThread(name: string, from: string, options: WorkerOptions = {}): Worker {
  const source = from.endsWith('.ts')
  const url = new URL(`./${name}${source ? '.ts' : '.js'}`, from)
  if (!source) return new Worker(url, options)
  // A thread doesn't inherit the loader that made sense of its parent, so it gets the development one by hand.
  const tsx = new URL('./dist/esm/api/index.mjs', pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'))).href
  return new Worker(`import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(url.href)}) })`, { ...options, eval: true, execArgv: [] })
}
