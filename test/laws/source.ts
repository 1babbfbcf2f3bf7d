/** The tree as the laws see it: files, their rooms, what they import. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Source {
  /** Relative to the repository, with `/`. */
  readonly path: string
  readonly text: string
  /** The text without comments and without the insides of strings, for laws about words. */
  readonly code: string
  /** `base`, `wire`, …, `services`. */
  readonly room: string
  readonly imports: readonly string[]
}

/** Every TypeScript file below `folders`. */
export function sources(...folders: readonly string[]): Source[] {
  return folders.flatMap((folder) => files(folder)).map((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return { path, text, code: strip(text), room: roomOf(path), imports: importsOf(text) }
  })
}

/** `src/wire/tcp.ts` → `wire`; `services/dhcp/dhcp.ts` → `services`. */
export function roomOf(path: string): string {
  const [first, second] = path.split('/')
  return first === 'src' ? second : first
}

/** The repository path of a relative import, or the package's name. */
export function targetOf(source: Source, imported: string): string {
  return imported.startsWith('.') ? normalize(join(dirname(source.path), imported)).replaceAll('\\', '/') : imported
}

function files(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm)].map((match) => match[1] ?? match[2] ?? match[3])
}

/** Comments go, and so does what stands inside quotes; templates stay, for what stands in their `${}` is code. */
function strip(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, (match) => (match.startsWith('/') ? '' : "''"))
}
