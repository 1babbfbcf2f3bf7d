/** The `nfs:` part of a lab file: what is exported, to whom, and as whom they act. Words and defaults as in exports(5), where it has them. */
import { ServiceConfigError } from '../../src/stack/service.ts'
import type { VolumeSource } from '../../src/stack/volume.ts'
import { parseSubnet4, type Subnet4 } from '../../src/wire/address.ts'
import { Settings, show } from '../settings.ts'

/** Who is taken for nobody: root, everybody, or no one at all. */
export type Squash = 'root' | 'all' | 'none'

export interface ExportConfig {
  /** What clients mount: `/srv/root`. */
  readonly name: string
  readonly source: VolumeSource
  readonly squash: Squash
  /** Who squashed callers are. */
  readonly uid: number
  readonly gid: number
  /** Networks that may use it; everybody when empty. */
  readonly clients: readonly Subnet4[]
  /** Only ports below 1024, where a client's root has to have made the connection. */
  readonly secure: boolean
}

export interface NfsConfig {
  readonly exports: readonly ExportConfig[]
  /** Where it stands which clients of version 4 have something open, so that they may take it up after a restart; nowhere when undefined. */
  readonly state: string | undefined
}

const keys = ['path', 'image', 'write', 'squash', 'uid', 'gid', 'clients', 'secure', 'size']
const nobody = 65_534
const largestId = 0xffff_fffe
const usualBytes = 512 * 2 ** 20

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): NfsConfig {
  const settings = new Settings(config, ['exports', 'state'])
  const named = settings.inner('exports')
  if (named.keys.length === 0) throw new ServiceConfigError('nfs has nothing to export', settings.at('exports'), 'for example exports: { /srv/root: { path: ./rootfs } }')
  return { exports: named.keys.map((name) => parseExport(name, named)), state: settings.text('state', 'a file such as ./nfs.journal') }
}

/** A path alone is an export of it, read-only. */
function parseExport(name: string, all: Settings): ExportConfig {
  if (!/^\/[^\0]{0,1000}$/.test(name) || name.split('/').some((part) => part === '.' || part === '..')) throw new ServiceConfigError(`found ${show(name)}, expected a path such as /srv/root`, all.at(name))
  const written = all.get(name)
  const each = new Settings(typeof written === 'string' ? { path: written } : written, keys, all.at(name))
  const [path, image] = [each.text('path', 'a folder such as ./rootfs'), each.text('image', 'an image')]
  if ((path === undefined) === (image === undefined)) throw new ServiceConfigError(`${name} needs either path: or image:`, all.at(name), 'for example { path: ./rootfs }')
  return {
    name: name.length > 1 ? name.replace(/\/+$/, '').replaceAll(/\/+/g, '/') : name,
    source: { path, image, write: writing(each, image), limitBytes: each.size('size', usualBytes) },
    squash: squash(each),
    uid: each.whole('uid', 0, largestId, nobody),
    gid: each.whole('gid', 0, largestId, nobody),
    clients: each.list('clients').map((client) => subnet(client, each)),
    secure: each.flag('secure'),
  }
}

/** An image can't be written to: what is written to it goes to memory. */
function writing(each: Settings, image: string | undefined): VolumeSource['write'] {
  const value = each.get('write')
  if (value !== undefined && typeof value !== 'boolean' && value !== 'overlay') each.refuse('write', 'true, false or overlay')
  return value === true && image !== undefined ? 'overlay' : ((value as VolumeSource['write'] | undefined) ?? false)
}

function squash(each: Settings): Squash {
  const value = each.get('squash') ?? 'root'
  return value === 'root' || value === 'all' || value === 'none' ? value : each.refuse('squash', 'root, all or none')
}

function subnet(value: unknown, each: Settings): Subnet4 {
  try {
    if (typeof value !== 'string') throw new Error('no text')
    return parseSubnet4(value.includes('/') ? value : `${value}/32`)
  } catch {
    throw new ServiceConfigError(`found ${show(value)}, expected a network such as 10.0.0.0/24`, each.at('clients'))
  }
}
