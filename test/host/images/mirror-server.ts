/** A mirror of the miniature archive on loopback, signed by a key made for the test. Its answers can be spoilt. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { utf8 } from '../../../src/base/bytes.ts'
import { debOf, miniature } from './fixtures.ts'

export const hasGpg = ['gpg', 'gpgv', 'gpgconf'].every((tool) => spawnSync(tool, ['--version']).status === 0)

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Packages stanzas, and the packages by path. */
export function archiveOf(packages: typeof miniature): { index: string; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  const stanzas = Object.entries(packages).map(([name, { version, depends, files: contents }]) => {
    const deb = debOf(contents)
    const path = `pool/main/${name}_${version.replace(/^\d+:/, '')}_riscv64.deb`
    files.set(path, deb)
    return `Package: ${name}\nVersion: ${version}\nArchitecture: riscv64\n${depends === undefined ? '' : `Depends: ${depends}\n`}Description: for tests\n continued\nFilename: ${path}\nSize: ${deb.length}\nSHA256: ${hash(deb)}\n`
  })
  return { index: stanzas.join('\n'), files }
}

/** Two throw-away keys: the archive's own, and a stranger's. */
export class Keys {
  readonly folder = mkdtempSync(join(tmpdir(), 'nl-gpg-'))

  constructor() {
    for (const who of ['own', 'stranger']) {
      this.#gpg('--passphrase', '', '--quick-gen-key', `${who} <${who}@test.invalid>`, 'ed25519', 'sign', 'never')
      writeFileSync(this.ring(who), this.#gpg('--export', `${who}@test.invalid`))
    }
  }

  ring(who: string): string {
    return join(this.folder, `${who}.gpg`)
  }

  sign(text: string, who = 'own'): Uint8Array {
    writeFileSync(join(this.folder, 'text'), text)
    return this.#gpg('--local-user', `${who}@test.invalid`, '--output', '-', '--clearsign', join(this.folder, 'text'))
  }

  close(): void {
    execFileSync('gpgconf', ['--homedir', this.folder, '--kill', 'all'], { stdio: 'ignore' })
    rmSync(this.folder, { recursive: true, force: true })
  }

  #gpg(...words: string[]): Buffer {
    return execFileSync('gpg', ['--homedir', this.folder, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  }
}

export class MirrorServer {
  readonly files = new Map<string, Uint8Array>()
  /** Paths asked for, in order. */
  readonly asked: string[] = []
  /** Takes an answer over: return true when it was given. */
  spoil: ((path: string, response: ServerResponse) => boolean) | undefined
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent((request.url ?? '').replace(/^\/debian\//, ''))
      this.asked.push(path)
      if (this.spoil?.(path, response) === true) return
      const file = this.files.get(path)
      if (file === undefined) return void response.writeHead(404).end()
      const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
      if (from === undefined) return void response.writeHead(200, { 'content-length': file.length }).end(file)
      if (Number(from) >= file.length) return void response.writeHead(416).end()
      response.writeHead(206, { 'content-length': file.length - Number(from), 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` }).end(file.subarray(Number(from)))
    })
  }

  /** Serves these packages, signed. */
  publish(keys: Keys, packages: typeof miniature = miniature, { signer = 'own', codename = 'trixie', more = '' } = {}): void {
    const { index, files } = archiveOf(packages)
    const packed = gzipSync(utf8(index))
    this.files.clear()
    for (const [path, bytes] of files) this.files.set(path, bytes)
    const base = 'main/binary-riscv64/Packages'
    for (const [name, bytes] of [[base, utf8(index)], [`${base}.gz`, packed]] as const) this.files.set(`dists/trixie/${name}`, bytes)
    const lines = [[base, utf8(index)], [`${base}.gz`, packed]].map(([name, bytes]) => ` ${hash(bytes as Uint8Array)} ${bytes.length} ${name as string}`)
    const release = `Origin: Debian\nSuite: stable\nCodename: ${codename}\nDate: Sat, 01 Aug 2026 00:00:00 UTC\nArchitectures: riscv64\nComponents: main\n${more}SHA256:\n${lines.join('\n')}\n`
    this.files.set('dists/trixie/InRelease', keys.sign(release, signer))
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/debian`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
