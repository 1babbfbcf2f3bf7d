/** What was taken off an interface of this computer, written down before it is taken, so that it comes back even after a crash. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostError } from '../host-error.ts'
import { runtimeFolder } from '../runtime-folder.ts'
import { ip } from './ip-command.ts'

interface Taken {
  readonly name: string
  readonly pid: number
  /** `10.0.0.7/24`, with the words behind it that `ip addr add` takes. */
  readonly addresses: readonly (readonly string[])[]
  /** Words for `ip route add`; those the kernel makes by itself are not among them. */
  readonly routes: readonly (readonly string[])[]
}

interface AddressRow {
  readonly family: string
  readonly local: string
  readonly prefixlen: number
  readonly broadcast?: string
  readonly scope: string
}

interface RouteRow {
  readonly dst: string
  readonly gateway?: string
  readonly metric?: number
  readonly protocol?: string
  readonly prefsrc?: string
  readonly flags?: readonly string[]
}

const ending = '.nic'

/** Takes all addresses off the interface, and with them its routes. @throws {HostError} */
export function takeOff(name: string): void {
  const path = journal(name)
  if (existsSync(path)) throw new HostError('EBUSY', `another lab has ${name}`, 'netloom ps')
  const [row] = JSON.parse(ip('-j', 'addr', 'show', 'dev', name)) as { addr_info?: AddressRow[] }[]
  // The link-local one comes and goes with the interface.
  const addresses = (row?.addr_info ?? []).filter((one) => one.scope !== 'link').map((one) => [`${one.local}/${one.prefixlen}`, ...(one.broadcast === undefined ? [] : ['broadcast', one.broadcast])])
  const routes = ['-4', '-6'].flatMap((family) => (JSON.parse(ip('-j', family, 'route', 'show', 'dev', name) || '[]') as RouteRow[]).filter((one) => one.protocol !== 'kernel').map((one) => [family, ...routeWords(one)]))
  writeFileSync(path, JSON.stringify({ name, pid: process.pid, addresses, routes } satisfies Taken), { mode: 0o600 })
  if (addresses.length > 0) ip('addr', 'flush', 'dev', name, 'scope', 'global')
}

/** Puts back what stands in the interface's journal. */
export function giveBack(name: string): void {
  const taken = read(journal(name))
  if (taken === undefined) return
  for (const words of taken.addresses) attempt(() => ip('addr', 'replace', ...words, 'dev', name))
  for (const [family, ...words] of taken.routes) attempt(() => ip(family, 'route', 'replace', ...words, 'dev', name))
  rmSync(journal(name), { force: true })
}

/** Gives back what labs have left behind whose process is gone. */
export function recall(): void {
  for (const file of readdirSync(runtimeFolder())) {
    const taken = file.endsWith(ending) ? read(join(runtimeFolder(), file)) : undefined
    if (taken !== undefined && !alive(taken.pid)) giveBack(taken.name)
  }
}

function routeWords({ dst, gateway, metric, prefsrc, flags }: RouteRow): string[] {
  const extra = [gateway === undefined ? [] : ['via', gateway], metric === undefined ? [] : ['metric', String(metric)], prefsrc === undefined ? [] : ['src', prefsrc], flags?.includes('onlink') === true ? ['onlink'] : []]
  return [dst, ...extra.flat()]
}

function read(path: string): Taken | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Taken
  } catch {
    return undefined
  }
}

/** An address that can't come back must not keep the others. */
function attempt(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    process.emitWarning(`${error.message}; ${error.hint ?? ''}`)
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const journal = (name: string): string => join(runtimeFolder(), `${name}${ending}`)
