/** Control data (deb-control(5), RFC 822 style): the form of Packages, Release and .sources files. */

/** One paragraph: field names in lower case → value; continuation lines joined by `\n`, without their first blank. */
export type Stanza = ReadonlyMap<string, string>

/** Paragraphs in order. Lines that are no field are passed over, as apt does; `#` starts a comment line. */
export function* stanzas(text: string): Generator<Stanza> {
  let fields = new Map<string, string>()
  let last: string | undefined
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      if (fields.size > 0) yield fields
      fields = new Map()
      last = undefined
    } else if (line.startsWith('#')) continue
    else if (/^[ \t]/.test(line)) {
      if (last !== undefined) fields.set(last, `${fields.get(last) ?? ''}\n${line.slice(1).trimEnd()}`)
    } else {
      const colon = line.indexOf(':')
      last = colon > 0 ? line.slice(0, colon).toLowerCase() : undefined
      if (last !== undefined) fields.set(last, line.slice(colon + 1).trim())
    }
  }
  if (fields.size > 0) yield fields
}

/** A package as a signed index describes it. */
export interface PackageRecord {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly sizeBytes: number
  /** SHA-256 of the .deb, in hexadecimal. */
  readonly sha256: string
  /** Path below the mirror. */
  readonly path: string
  /** Names of packages it depends on: of alternatives the first, of versions nothing. */
  readonly depends: readonly string[]
}

/** @returns undefined when the paragraph does not describe a package that can be fetched. */
export function packageRecord(stanza: Stanza): PackageRecord | undefined {
  const name = stanza.get('package')
  const sha256 = stanza.get('sha256')
  const path = stanza.get('filename')
  const sizeBytes = Number(stanza.get('size'))
  if (name === undefined || path === undefined || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256) || !Number.isSafeInteger(sizeBytes)) return undefined
  const depends = [stanza.get('pre-depends'), stanza.get('depends')].flatMap((field) => (field === undefined || field === '' ? [] : field.split(',')))
  return {
    name,
    version: stanza.get('version') ?? '',
    architecture: stanza.get('architecture') ?? '',
    sizeBytes,
    sha256,
    path,
    depends: depends.map((clause) => clause.trim().split(/[\s(:|]/)[0]).filter((word) => word !== ''),
  }
}
