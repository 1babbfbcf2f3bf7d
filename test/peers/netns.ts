/** A network namespace of a test's own: made, used and removed by it. Needs root. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let count = 0

export class Netns {
  readonly name = `netloom-${process.pid}-${count++}`
  /** For the test's files; goes with the namespace. */
  readonly folder = mkdtempSync(join(tmpdir(), 'netloom-netns-'))
  readonly #children: ChildProcess[] = []

  constructor() {
    this.#ip('netns', 'add', this.name)
    this.run('ip', 'link', 'set', 'lo', 'up')
  }

  /** Runs a command inside to its end. @returns what it printed on both outputs. @throws when it fails. */
  run(...command: readonly string[]): string {
    const { status, text } = this.attempt(...command)
    if (status !== 0) throw new Error(`${command.join(' ')}: ${status}\n${text}`)
    return text
  }

  attempt(...command: readonly string[]): { readonly status: number | null; readonly text: string } {
    const { status, stdout, stderr, error } = spawnSync('ip', ['netns', 'exec', this.name, ...command], { encoding: 'utf8', env: this.#environment, timeout: 60_000 })
    return { status, text: `${stdout}${stderr}${error?.message ?? ''}` }
  }

  /** Runs a command inside beside the test, which must not wait in `run` for what this one has to do in this process. */
  async finish(...command: readonly string[]): Promise<{ readonly status: number | null; readonly text: string }> {
    const started = this.start(...command)
    const status = await new Promise<number | null>((resolve) => void started.child.once('close', resolve))
    return { status, text: started.text }
  }

  /** Starts a command inside that runs until the end of the test. */
  start(...command: readonly string[]): Started {
    const child = spawn('ip', ['netns', 'exec', this.name, ...command], { env: this.#environment, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#children.push(child)
    return new Started(child)
  }

  /** The lab of `file`, up until it is stopped. */
  lab(command: 'up' | 'test', file: string, ...words: readonly string[]): Started {
    return this.start('node', '--import', 'tsx', 'src/cli/main.ts', command, file, ...words)
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map(stopped))
    this.#ip('netns', 'del', this.name)
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, NETLOOM_RUNTIME_DIR: join(this.folder, 'run'), NO_COLOR: '1' }
  }

  #ip(...words: readonly string[]): void {
    const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`)
  }
}

export class Started {
  readonly child: ChildProcess
  text = ''

  constructor(child: ChildProcess) {
    this.child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (this.text += bytes.toString('latin1')))
  }

  /** Resolves once the condition holds. @throws with what it has printed when it doesn't in time, or the command ends first. */
  async until(what: string, holds: () => boolean, milliseconds = 30_000): Promise<void> {
    const deadline = performance.now() + milliseconds
    while (!holds()) {
      if (performance.now() > deadline || this.child.exitCode !== null) throw new Error(`${what}: ${this.child.exitCode === null ? 'not in time' : `ended with ${this.child.exitCode}`}\n${this.text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  says(text: string, milliseconds?: number): Promise<void> {
    return this.until(`"${text}" never came`, () => this.text.includes(text), milliseconds)
  }

  /** Asks it to end. @returns its exit code. */
  stop(): Promise<number | null> {
    return stopped(this.child)
  }
}

/** Interrupted first, killed when that isn't enough. */
async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  child.kill('SIGINT')
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(killer)
  return child.exitCode
}
