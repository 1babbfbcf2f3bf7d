/** Debian binary packages (deb(5)): an ar archive of `debian-binary`, `control.tar…` and `data.tar…`. */
import { spawn } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { concat, fromLatin1 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { entries, type TarEntry } from './tar.ts'
import { unxz } from './xz.ts'

/** The largest data.tar that is unpacked; the kernel's, the largest in use, has 138 MB. */
const limitBytes = 1 << 30
/** From here on a child process running xz is worth its start: it unpacks 66 MB/s, xz.ts 18 MB/s (measured on the kernel's package). */
const worthAChild = 4 << 20

/** The files of a package. @throws {Malformed} */
export async function packageFiles(deb: Uint8Array): Promise<Iterable<TarEntry>> {
  for (const { name, content } of arMembers(deb)) {
    if (name === 'data.tar.xz') return entries(await unpackXz(content))
    if (name === 'data.tar.gz') return entries(gunzipSync(content, { maxOutputLength: limitBytes }))
    if (name === 'data.tar') return entries(content)
    if (name.startsWith('data.tar')) throw new Malformed(`a package with ${name}: its compression is not known here`)
  }
  throw new Malformed('not a Debian package: it has no data.tar')
}

function* arMembers(bytes: Uint8Array): Generator<{ name: string; content: Uint8Array }> {
  if (fromLatin1(bytes.subarray(0, 8)) !== '!<arch>\n') throw new Malformed('not a Debian package: it is no ar archive')
  for (let at = 8; at + 60 <= bytes.length; ) {
    const size = Number.parseInt(fromLatin1(bytes.subarray(at + 48, at + 58)), 10)
    const content = bytes.subarray(at + 60, at + 60 + size)
    if (!(size >= 0) || content.length !== size || bytes[at + 58] !== 0x60) throw new Malformed('a Debian package is cut short')
    yield { name: fromLatin1(bytes.subarray(at, at + 16)).trim().replace(/\/$/, ''), content }
    at += 60 + size + (size % 2)
  }
}

async function unpackXz(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < worthAChild) return unxz(bytes, limitBytes)
  return (await unpackWithChild(bytes)) ?? unxz(bytes, limitBytes)
}

/** @returns undefined when there is no `xz` or it did not like the bytes. */
function unpackWithChild(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const child = spawn('xz', ['--decompress', '--stdout', '--threads=0'], { stdio: ['pipe', 'pipe', 'ignore'] })
    const parts: Uint8Array[] = []
    let total = 0
    child.on('error', () => resolve(undefined))
    child.stdin.on('error', () => undefined) // it left early; its exit code says so
    child.stdout.on('data', (part: Buffer) => {
      parts.push(part)
      total += part.length
      if (total > limitBytes) child.kill()
    })
    child.on('close', (code) => resolve(code === 0 ? concat(...parts) : undefined))
    child.stdin.end(bytes)
  })
}
