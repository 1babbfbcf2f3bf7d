/** The `ftp:` part of a lab file, read and checked. */
import { Settings } from '../settings.ts'

export interface FtpConfig {
  /** Folder as the lab file names it; empty when only the lab's own `files` are served. */
  readonly root: string
  readonly port: number
  /** Whether users may write; `overlay`: into memory, never to what the folder has. */
  readonly write: boolean | 'overlay'
  /** Memory that an overlay may take, in bytes. */
  readonly limitBytes: number
  /** Whether `anonymous` may come in; it never writes unless there are no users at all. */
  readonly anonymous: boolean
  /** Passwords by user. */
  readonly users: ReadonlyMap<string, string>
  /** Sessions at once. */
  readonly connections: number
  /** Seconds until a session in which nothing happens is closed. */
  readonly idle: number
}

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): FtpConfig {
  const settings = new Settings(config, ['root', 'port', 'write', 'size', 'anonymous', 'users', 'connections', 'idle'])
  const written = settings.inner('users')
  const users = new Map(written.keys.map((name) => [name, written.text(name, 'a password') ?? written.refuse(name, 'a password')]))
  const anonymous = settings.flag('anonymous', true)
  if (!anonymous && users.size === 0) settings.refuse('anonymous', 'true, or some users', 'add users: { name: password }')
  return {
    root: settings.text('root', 'a folder such as ./files') ?? '',
    port: settings.whole('port', 1, 65_535, 21),
    write: settings.get('write') === 'overlay' ? 'overlay' : settings.flag('write'),
    limitBytes: settings.size('size', 512 * 2 ** 20),
    anonymous,
    users,
    connections: settings.whole('connections', 1, 1024, 64),
    idle: settings.span('idle', 1, 86_400, 300),
  }
}
