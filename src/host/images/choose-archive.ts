/** Which way to the Debian archive this host offers. */
import { existsSync } from 'node:fs'
import { HostError } from '../host-error.ts'
import { AptArchive } from './apt.ts'
import type { Archive } from './archive.ts'
import { runProgram } from './child.ts'
import { mirrors, suite } from './mirror.ts'
import { WebArchive } from './web-archive.ts'

const keyrings = ['gpg', 'pgp'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`)

/**
 * apt where there is one, HTTP and gpgv elsewhere.
 * @param folder for the archive's own files. @throws {HostError} EMIRROR, ESIGNATURE
 */
export async function chooseArchive(folder: string, environment: Readonly<Record<string, string | undefined>>, signal?: AbortSignal): Promise<Archive> {
  const options = { folder, mirrors: mirrors(environment), suite, keyring: keyring(environment), signal }
  return (await hasApt()) ? new AptArchive(options) : new WebArchive(options)
}

function keyring(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment['NETLOOM_DEBIAN_KEYRING']
  const found = named !== undefined && named !== '' ? named : keyrings.find((file) => existsSync(file))
  if (found !== undefined && existsSync(found)) return found
  if (named !== undefined && named !== '') throw new HostError('ESIGNATURE', `NETLOOM_DEBIAN_KEYRING names ${named}, and there is no such file`, 'set it to a keyring with the archive’s keys, or unset it')
  throw new HostError('ESIGNATURE', 'the keys of the Debian archive are not on this machine', 'install the package debian-archive-keyring, or set NETLOOM_DEBIAN_KEYRING to a file that holds them')
}

async function hasApt(): Promise<boolean> {
  try {
    return (await runProgram('apt-get', ['--version'])).code === 0
  } catch {
    return false
  }
}
