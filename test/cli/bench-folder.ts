/** A folder with labs of tiny guests, and the command line run in it: in this process, or in one of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { echoer, printer } from './tiny-guests.ts'

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const main = join(dirname(fileURLToPath(import.meta.url)), '../../src/cli/main.ts')

/** `hello.yaml` prints and ends, `echo.yaml` waits for a `q`. */
export class BenchFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'netloom-cli-'))

  constructor() {
    this.write('hello.bin', printer('hello\n'))
    this.write('echo.bin', echoer('ready\n'))
    this.write('hello.yaml', 'name: hello-test\nnodes: { a: { kernel: ./hello.bin, firmware: none, memory: 2M } }\ntests: { hello: { node: a, console: hello, within: 1ms } }\n')
    this.write('echo.yaml', 'name: echo-test\nnetworks: { lan: { gateway: 10.0.0.1 } }\nnodes: { a: { kernel: ./echo.bin, firmware: none, memory: 2M, networks: [lan], console: { unix: ./a.sock, log: ./a.log } } }\n')
    process.env['NETLOOM_RUNTIME_DIR'] = join(this.path, 'run')
    process.env['NO_COLOR'] = '1'
  }

  write(name: string, content: string | Uint8Array): string {
    const file = join(this.path, name)
    writeFileSync(file, content)
    return file
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** `netloom WORDS` in this process. */
  async call(...words: readonly string[]): Promise<Outcome> {
    let out = ''
    let err = ''
    const spies = [vi.spyOn(process.stdout, 'write').mockImplementation(take((text) => (out += text))), vi.spyOn(process.stderr, 'write').mockImplementation(take((text) => (err += text)))]
    try {
      const code = await run(['node', 'netloom', ...words])
      return { code, out, err }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  /** `netloom WORDS` in a process of its own, from this folder; `input` is its standard input. */
  spawn(input: string | undefined, ...words: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...words], { cwd: this.path, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout?.on('data', (bytes: Buffer) => (out += bytes.toString('utf8')))
    child.stderr?.on('data', (bytes: Buffer) => (err += bytes.toString('utf8')))
    if (input !== undefined) child.stdin?.end(input)
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A stream's `write` that keeps what it is given. */
function take(add: (text: string) => void) {
  return (chunk: string | Uint8Array): boolean => {
    add(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))
    return true
  }
}
