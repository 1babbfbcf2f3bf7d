/** Which mirror of the Debian archive to ask: the variable NETLOOM_DEBIAN_MIRROR, else what the host's own apt uses (sources.list(5)). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostError } from '../host-error.ts'
import { stanzas } from './stanza.ts'

/** The suite whose riscv64 port guests are made of. */
export const suite = 'trixie'

/** Suites that only Debian's own archive has; a third party's source names them too, but not with `main` and Debian's key. */
const debianSuites = /^(stable|testing|unstable|sid|oldstable|oldoldstable|buster|bullseye|bookworm|trixie|forky|duke)(-updates|-backports)?$/
const schemes = /^(https?|file|mirror(\+[a-z]+)?|tor\+https?):/

interface Source {
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
  /** The keyring it names, if any. */
  readonly signedBy: string | undefined
}

/**
 * Base addresses of the archive (`http://…/debian`), likeliest first.
 * @param aptFolder the host's `/etc/apt`. @throws {HostError} EMIRROR when nothing names one.
 */
export function mirrors(environment: Readonly<Record<string, string | undefined>>, aptFolder = '/etc/apt'): readonly string[] {
  const named = environment['NETLOOM_DEBIAN_MIRROR']
  if (named !== undefined && named !== '') {
    if (!schemes.test(named)) throw new HostError('EMIRROR', `NETLOOM_DEBIAN_MIRROR is "${named}", which is no address`, 'write it like http://HOST/debian')
    return [named.replace(/\/+$/, '')]
  }
  const sources = readSources(aptFolder).filter(isDebian)
  const found = sources.sort((a, b) => rank(a) - rank(b)).map((source) => source.uri.replace(/\/+$/, ''))
  if (found.length === 0) {
    throw new HostError('EMIRROR', `no mirror of the Debian archive is known: ${aptFolder} names none`, 'set NETLOOM_DEBIAN_MIRROR to one, like http://HOST/debian (any mirror that carries riscv64 will do)')
  }
  return [...new Set(found)]
}

function isDebian(source: Source): boolean {
  const own = source.signedBy === undefined || /(^|\/)debian-archive-[^/]*\.(gpg|pgp|asc)$/.test(source.signedBy)
  return own && debianSuites.test(source.suite) && source.components.includes('main') && schemes.test(source.uri) && !source.uri.includes('debian-security')
}

const rank = (source: Source): number => (source.signedBy === undefined ? 1 : 0) + (source.suite.includes('-') ? 2 : 0)

function readSources(aptFolder: string): Source[] {
  const parts = names(join(aptFolder, 'sources.list.d'))
  const lists = ['sources.list', ...parts.filter((part) => part.endsWith('.list')).map((part) => join('sources.list.d', part))]
  const deb822 = parts.filter((part) => part.endsWith('.sources')).map((part) => join('sources.list.d', part))
  return [...deb822.flatMap((file) => [...deb822Sources(read(join(aptFolder, file)))]), ...lists.flatMap((file) => [...listSources(read(join(aptFolder, file)))])]
}

/** `deb [options] uri suite component…` */
function* listSources(text: string): Generator<Source> {
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line)
    if (match === null) continue
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(match[1] ?? '')?.[1]
    yield { uri: match[2], suite: match[3], components: match[4].trim().split(/\s+/), signedBy }
  }
}

function* deb822Sources(text: string): Generator<Source> {
  for (const stanza of stanzas(text)) {
    const words = (field: string): string[] => (stanza.get(field) ?? '').split(/\s+/).filter((word) => word !== '')
    if (!words('types').includes('deb') || /^(no|false|0)$/i.test(stanza.get('enabled') ?? '')) continue
    for (const uri of words('uris')) {
      for (const name of words('suites')) yield { uri, suite: name, components: words('components'), signedBy: stanza.get('signed-by') }
    }
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
