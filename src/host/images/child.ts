/** Runs another program to its end and keeps what it says. */
import { spawn } from 'node:child_process'

export interface Ran {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/** What is kept of each of its outputs; the rest is dropped. */
const keptBytes = 4 << 20

/** @throws Node's error with `code` ENOENT when there is no such program, ABORT_ERR when `signal` rang. */
export function runProgram(program: string, words: readonly string[], options: { readonly cwd?: string; readonly signal?: AbortSignal | undefined; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.environment },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const orphan = (): void => void child.kill()
    process.once('exit', orphan)
    const outputs = [child.stdout, child.stderr].map((stream) => collect(stream))
    child.on('error', (error) => {
      process.off('exit', orphan)
      reject(error)
    })
    child.on('close', (code) => {
      process.off('exit', orphan)
      resolve({ code: code ?? undefined, stdout: outputs[0](), stderr: outputs[1]() })
    })
  })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: Buffer[] = []
  let kept = 0
  stream.on('data', (part: Buffer) => {
    if (kept < keptBytes) parts.push(part)
    kept += part.length
  })
  return () => Buffer.concat(parts).toString('utf8')
}
