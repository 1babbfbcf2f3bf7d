/** The `http:` part of a lab file, read and checked. */
import { Settings } from '../settings.ts'

export interface HttpConfig {
  /** Folder as the lab file names it; empty when only the lab's own `files` are served. */
  readonly root: string
  readonly port: number
  /** Whether a folder without an index is shown as a list. */
  readonly listing: boolean
  /** The file that stands for its folder. */
  readonly index: string
  /** Connections at once. */
  readonly connections: number
  /** Seconds until a silent connection is closed. */
  readonly idle: number
}

/** @throws {ServiceConfigError} */
export function parseConfig(config: unknown): HttpConfig {
  const settings = new Settings(config, ['root', 'port', 'listing', 'index', 'connections', 'idle'])
  const index = settings.text('index', 'a file name such as index.html') ?? 'index.html'
  if (index.includes('/')) settings.refuse('index', 'a file name such as index.html')
  return {
    root: settings.text('root', 'a folder such as ./www') ?? '',
    port: settings.whole('port', 1, 65_535, 80),
    listing: settings.flag('listing', true),
    index,
    connections: settings.whole('connections', 1, 4096, 256),
    idle: settings.span('idle', 1, 3600, 60),
  }
}
