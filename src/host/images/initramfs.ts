/** Composes an initramfs: busybox, the kernel modules a lab needs and all they depend on, files of packages, files of the lab, an init. */
import { utf8 } from '../../base/bytes.ts'
import { HostError } from '../host-error.ts'
import { build, type CpioEntry } from './cpio.ts'
import { dhcpScript, initScript, setupScript } from './init-scripts.ts'
import { loadOrder, moduleDepends, moduleName } from './modules.ts'
import type { TarEntry } from './tar.ts'
import { unxz } from './xz.ts'

/** Raised when the same recipe gives other bytes than before, so that what was made earlier is not taken for it. */
export const builderVersion = 1

export interface InitramfsRecipe {
  /** Kernel modules by name, beside those every machine of ours needs; what they depend on comes along. */
  readonly modules: readonly string[]
  /** Debian packages whose files go in, with what they depend on; their maintainer scripts don't run. */
  readonly packages: readonly string[]
  /** Absolute name inside → content. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The text of /init; undefined: our own, which ends in a shell. It may begin with `. /etc/netloom/setup`. */
  readonly init: string | undefined
  /** It is a root file system with an init of its own: nothing of ours goes in but modules and files. */
  readonly bare?: boolean
}

export interface InitramfsParts {
  readonly kernel: Iterable<TarEntry>
  readonly busybox: Uint8Array
  readonly packages: readonly Iterable<TarEntry>[]
}

/** Always there: how Linux reaches its NICs and disks on our board. */
export const ownModules: readonly string[] = ['virtio_mmio', 'virtio_net', 'virtio_blk']

/** Debian's merged /usr: these are links, and what packages put below them goes where they lead. */
const merged = ['bin', 'sbin', 'lib']
/** Documentation is for people with disks. */
const passedOver = /^usr\/share\/(doc|man|info|locale|lintian|bug|bash-completion)(\/|$)/

/** @returns the cpio archive, not yet compressed. @throws {HostError} EIMAGE for a module that the kernel's package lacks. */
export function composeInitramfs(recipe: InitramfsRecipe, parts: InitramfsParts): Uint8Array {
  const entries = new Map<string, CpioEntry>()
  for (const link of merged) entries.set(link, { kind: 'link', target: `usr/${link}` })
  for (const folder of ['usr/bin', 'usr/sbin', 'usr/lib', 'dev', 'etc', 'mnt', 'proc', 'root', 'run', 'sys', 'tmp', 'var']) entries.set(folder, { kind: 'folder', mode: folder === 'tmp' ? 0o1777 : 0o755 })
  entries.set('dev/console', { kind: 'device', type: 'char', mode: 0o600, major: 5, minor: 1 })
  entries.set('dev/null', { kind: 'device', type: 'char', mode: 0o666, major: 1, minor: 3 })
  for (const files of parts.packages) addPackage(entries, files)
  addModules(entries, [...ownModules, ...recipe.modules], parts.kernel)
  if (recipe.bare !== true) addOwn(entries, parts.busybox, recipe.init ?? initScript)
  for (const [name, content] of recipe.files) entries.set(inside(name), { kind: 'file', mode: isProgram(content) ? 0o755 : 0o644, content })
  return build(entries)
}

function addOwn(entries: Map<string, CpioEntry>, busybox: Uint8Array, init: string): void {
  entries.set('usr/bin/busybox', { kind: 'file', mode: 0o755, content: busybox })
  if (!entries.has('usr/bin/sh')) entries.set('usr/bin/sh', { kind: 'link', target: 'busybox' })
  entries.set('etc/netloom/setup', { kind: 'file', mode: 0o644, content: utf8(setupScript) })
  entries.set('etc/netloom/dhcp', { kind: 'file', mode: 0o755, content: utf8(dhcpScript) })
  entries.set('init', { kind: 'file', mode: 0o755, content: utf8(init) })
}

/** A script or an ELF file may be run. */
const isProgram = (content: Uint8Array): boolean => (content[0] === 0x23 && content[1] === 0x21) || (content[0] === 0x7f && content[1] === 0x45)

function inside(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0 || parts.includes('..')) throw new HostError('EIMAGE', `"${name}" is no name for a file in an initramfs`, 'write an absolute path like /etc/motd')
  return merged.includes(parts[0]) ? ['usr', ...parts].join('/') : parts.join('/')
}

function addPackage(entries: Map<string, CpioEntry>, files: Iterable<TarEntry>): void {
  const contents = new Map<string, Uint8Array>()
  for (const file of files) {
    if (file.name === '' || passedOver.test(file.name) || (merged.includes(file.name) && file.kind !== 'file')) continue
    const name = inside(file.name)
    if (file.kind === 'folder' && !entries.has(name)) entries.set(name, { kind: 'folder', mode: file.mode })
    else if (file.kind === 'link') entries.set(name, { kind: 'link', target: file.target })
    else if (file.kind === 'file' || file.kind === 'hardlink') {
      const content = file.kind === 'file' ? file.content : (contents.get(file.target) ?? new Uint8Array(0))
      contents.set(file.name, content)
      entries.set(name, { kind: 'file', mode: file.mode, content })
    }
  }
}

function addModules(entries: Map<string, CpioEntry>, asked: readonly string[], kernel: Iterable<TarEntry>): void {
  const packed = new Map<string, TarEntry>()
  for (const file of kernel) if (/\.ko(\.xz)?$/.test(file.name)) packed.set(moduleName(file.name), file)
  const first = [...packed.values()][0]?.name
  const folder = /^(?:usr\/)?lib\/modules\/([^/]+)\//.exec(first ?? '')?.[1]
  if (folder === undefined) throw new HostError('EIMAGE', 'the kernel’s package holds no modules', 'try: netloom images pull linux')
  const modules = new Map<string, { content: Uint8Array; depends: string[] }>()
  const read = (name: string): { content: Uint8Array; depends: string[] } => {
    const there = modules.get(name)
    if (there !== undefined) return there
    const file = packed.get(name)
    if (file === undefined) throw new HostError('EIMAGE', `the kernel has no module "${name}"`, `it may be built in, or be called otherwise${nearby(name, packed.keys())}`)
    const content = file.name.endsWith('.xz') ? unxz(file.content) : file.content
    const module = { content, depends: moduleDepends(content) }
    modules.set(name, module)
    return module
  }
  const order = loadOrder(asked, (name) => read(name).depends)
  const base = `usr/lib/modules/${folder}`
  for (const name of order) entries.set(`${base}/${name}.ko`, { kind: 'file', mode: 0o644, content: read(name).content })
  const line = (name: string): string => `${name}.ko:${read(name).depends.map((needed) => ` ${needed}.ko`).join('')}\n`
  entries.set(`${base}/modules.dep`, { kind: 'file', mode: 0o644, content: utf8(order.map(line).join('')) })
  entries.set(`${base}/netloom.load`, { kind: 'file', mode: 0o644, content: utf8(order.map((name) => `${name}.ko\n`).join('')) })
}

/** Names that contain the word, or lie in it, for the hint. */
function nearby(name: string, names: Iterable<string>): string {
  const stem = name.replace(/_.*/, '')
  const alike = [...names].filter((other) => other.includes(stem)).slice(0, 6)
  return alike.length === 0 ? '' : `; there are ${alike.join(', ')}`
}
