/** What the resolvers share: the checked text, the places behind it, and the words the rest of the program knows. */
import { ConfigError } from '../base/errors.ts'
import { type Path, ServiceConfigError, type ServiceKind } from '../stack/service.ts'
import { foundText, pathText } from './complaint.ts'
import { at, type Located, plain, placeOf } from './located.ts'
import type { LabText } from './schema.ts'
import { list, nearest } from './suggest.ts'

/** Words that are not the file's own. */
export interface Dictionary {
  /** Service kinds by their key: `dhcp`, `tftp`. */
  readonly services: Readonly<Record<string, ServiceKind<unknown>>>
  /** Names of the images the store can fetch; undefined: any name is taken on trust. */
  readonly images: readonly string[] | undefined
  /** Overrides the file's seed: `--seed`. */
  readonly seed?: string | undefined
  /** Overrides the file's name: `--name`. */
  readonly name?: string | undefined
}

export class Reading {
  readonly root: Located
  readonly text: LabText
  readonly dictionary: Dictionary
  readonly seed: string
  readonly name: string

  constructor(root: Located, text: LabText, dictionary: Dictionary, file: string) {
    this.root = root
    this.text = text
    this.dictionary = dictionary
    this.seed = dictionary.seed ?? String(text.sim?.seed ?? 0)
    this.name = dictionary.name ?? text.name ?? stem(file)
  }

  /** Says what is wrong with the value at `path`, or with its key. */
  fail(path: Path, message: string, hint?: string, part: 'key' | 'value' = 'value'): never {
    throw new ConfigError(`${pathText(path)}: ${message}`, placeOf(this.root, path, part), hint)
  }

  /** What the file itself says at `path`, without the defaults laid under it. */
  written(path: Path): Located | undefined {
    return at(this.root, path)
  }

  /** The value at `path` must be one of `words`. */
  known(path: Path, found: string, words: Iterable<string>, what: string, part: 'key' | 'value' = 'value'): void {
    const valid = [...words]
    if (valid.includes(found)) return
    const near = nearest(found, valid)
    const hint = near !== undefined ? `did you mean "${near}"?` : valid.length > 0 && valid.length <= 24 ? `there is ${list(valid.sort(), 'and')}` : undefined
    this.fail(path, `there is no ${what} "${found}"`, hint, part)
  }

  /** An image: a path, one the file defines, or one the store knows. */
  image(path: Path, name: string): void {
    if (isPath(name) || this.dictionary.images === undefined) return
    this.known(path, name, [...Object.keys(this.text.images ?? {}), ...this.dictionary.images], 'image')
  }

  /** Has the service's own kind check its part of the file. @returns it as written, without `files`. */
  service(path: Path): { kind: string; config: unknown; files: Record<string, string> } {
    const kind = String(path.at(-1))
    const written = this.written(path)
    const config = written?.kind === 'map' ? (plain(written) as Record<string, unknown>) : {}
    const { files: given, ...rest } = config
    const files = this.#files([...path, 'files'], given)
    const known = this.dictionary.services[kind]
    if (known === undefined) this.fail(path, `the ${kind} service point: not yet in this version`, undefined, 'key')
    try {
      const parsed = known.parse(rest)
      for (const each of known.images?.(parsed) ?? []) {
        this.image([...path, ...each.path], each.image)
        files[each.image] = each.image
      }
    } catch (error) {
      if (error instanceof ServiceConfigError) this.fail([...path, ...error.path], error.message, error.hint)
      throw error
    }
    return { kind, config: rest, files }
  }

  /** `files: { name: image-or-./path }`: what the lab itself puts under a service's root. */
  #files(path: Path, given: unknown): Record<string, string> {
    if (given === undefined || given === null) return {}
    if (typeof given !== 'object' || Array.isArray(given)) this.fail(path, `found ${foundText(this.written(path))}, expected a mapping from name to image or ./path`)
    const files: Record<string, string> = {}
    for (const [name, source] of Object.entries(given as Record<string, unknown>)) {
      if (typeof source !== 'string') this.fail([...path, name], `found ${foundText(this.written([...path, name]))}, expected an image or ./path`)
      this.image([...path, name], source)
      files[name] = source
    }
    return files
  }
}

/** `./boot`, `../boot`, `/srv/boot`: a file on the host, as opposed to an image by name. */
export function isPath(name: string): boolean {
  return /^(?:\.{0,2}\/)/.test(name)
}

function stem(file: string): string {
  const base = file.slice(file.lastIndexOf('/') + 1)
  return base.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9_.-]/g, '-') || 'lab'
}
