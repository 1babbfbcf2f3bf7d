/** What goes onto a CD: a tree of folders, files and links, as whoever writes it hands it over. */

interface Common {
  /** One path component; empty for the root. */
  readonly name: string
  /** Permission bits, without the kind. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Since 1970. */
  readonly seconds: number
}

export interface IsoFile extends Common {
  readonly kind: 'file'
  readonly sizeBytes: number
  /** Fills `into` from `position`; asked from front to back. */
  read(position: number, into: Uint8Array): void
}

export interface IsoLink extends Common {
  readonly kind: 'link'
  readonly target: string
}

export interface IsoFolder extends Common {
  readonly kind: 'folder'
  readonly entries: readonly IsoEntry[]
}

export type IsoEntry = IsoFile | IsoLink | IsoFolder
