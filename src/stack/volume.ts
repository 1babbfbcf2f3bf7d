/**
 * The seam to a whole file system, as NFS serves one: things known by number, with owners, modes, links and times. What files.ts is to
 * a TFTP root, this is to a root file system.
 *
 * Names are byte strings: one character a byte, as ISO 8859-1 (`fromUtf8(latin1(name))` is how people read them). Everything is
 * synchronous, and throws FileError with Node's code: `ENOENT`, `EEXIST`, `ENOTDIR`, `EISDIR`, `ENOTEMPTY`, `ENAMETOOLONG`, `EROFS`,
 * `EACCES`, `EINVAL`, `ENOSPC`, `EFBIG`, `EMLINK`, `EIO`, of attributes `ENODATA`, `E2BIG` and `ERANGE`, and `ESTALE` for a number whose thing is gone.
 *
 * Nothing here may show the order or the numbers of the host's inodes, its clock, its free space or its block sizes: the same tree gives
 * the same answers on every computer. So numbers come from names, listings are sorted by byte, and what the lab changes bears the lab's time.
 * A volume doesn't judge who may do what; whoever serves it does.
 */

/** A whole number below 2^52, never given to another thing while the volume lives. */
export type NodeId = number

export type NodeKind = 'file' | 'folder' | 'link' | 'block' | 'character' | 'socket' | 'fifo'

/** Nanoseconds since 1970. */
export type Stamp = bigint

export interface Attributes {
  readonly id: NodeId
  readonly kind: NodeKind
  /** The low twelve bits: set-id, sticky, and permissions. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names it has; of a folder, 2 and one for each folder in it. */
  readonly links: number
  /** In bytes. */
  readonly size: number
  /** Of a device. */
  readonly major: number
  readonly minor: number
  readonly accessed: Stamp
  readonly modified: Stamp
  /** When anything about it changed; grows with every change. */
  readonly changed: Stamp
}

/** What is to be other than it is. Times: `now` is the volume's own clock. */
export interface Change {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly size?: number
  readonly accessed?: Stamp | 'now'
  readonly modified?: Stamp | 'now'
}

export interface NewNode {
  readonly kind: NodeKind
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Of a symbolic link: its text, a byte string. */
  readonly target?: string
  /** Of a device. */
  readonly major?: number
  readonly minor?: number
}

export interface Space {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly totalNodes: number
  readonly freeNodes: number
}

export interface Volume {
  readonly root: NodeId
  attributes(node: NodeId): Attributes
  /** A change of size counts as one of the content. @returns what it is now. */
  change(node: NodeId, change: Change): Attributes
  /** What `name` in a folder is. `.` and `..` are the caller's business. */
  lookup(folder: NodeId, name: string): NodeId
  /** The folder that a folder is in; the root is in itself. */
  parent(folder: NodeId): NodeId
  /** Names in a folder, sorted by byte, without `.` and `..`. */
  list(folder: NodeId): readonly string[]
  /** The text of a symbolic link. */
  target(link: NodeId): string
  /** Up to `length` bytes of a file; fewer only at its end. May be a view that the next call spoils. */
  read(file: NodeId, offset: number, length: number): Uint8Array
  write(file: NodeId, offset: number, bytes: Uint8Array): void
  /** What was written to `file` survives the end of this process from here on, if anything on this volume does. */
  settle(file: NodeId): void
  /** Somebody has a file open: when its last name goes, its number, bytes and attributes (with no links) stay until it is released as often as it was held. */
  hold(file: NodeId): void
  release(file: NodeId): void
  /** Names of extended attributes, sorted by byte; only those that were given here, never the host's own. */
  xattrs(node: NodeId): readonly string[]
  /** @returns undefined when there is none of that name. */
  xattr(node: NodeId, name: string): Uint8Array | undefined
  /** @param value undefined takes it away. `E2BIG` beyond `largestXattr`, `ENOSPC` when all of a thing's together are more than `mostXattrBytes`. */
  setXattr(node: NodeId, name: string, value: Uint8Array | undefined): void
  create(folder: NodeId, name: string, node: NewNode): NodeId
  /** Gives something that is not a folder one more name. */
  link(node: NodeId, folder: NodeId, name: string): void
  /** Takes a name away; `EISDIR` for a folder. */
  remove(folder: NodeId, name: string): void
  /** Takes an empty folder away; `ENOTDIR` for anything else. */
  removeFolder(folder: NodeId, name: string): void
  /** As POSIX has it: what `toName` was is gone, if it may go. */
  rename(from: NodeId, fromName: string, to: NodeId, toName: string): void
  space(): Space
  /** Gives back what it holds of the host. */
  close(): void
}

/** Bytes that a name may have, as on Linux. */
export const longestName = 255
/** Bytes that the text of a symbolic link may have. */
export const longestTarget = 4095
/** Bytes that an extended attribute's value may have, as on Linux, and all names and values of one thing together. */
export const largestXattr = 65_536
export const mostXattrBytes = 262_144
/** Largest file, in bytes: doubles count that far. */
export const largestFile = 2 ** 52

/** Whether a name can stand in a folder: neither empty, nor a way to somewhere else. */
export function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}

/** Where a volume's contents come from, and what becomes of what is written; as the lab file has it. */
export interface VolumeSource {
  /** A folder, or a cpio archive, of the host. */
  readonly path: string | undefined
  /** An image that the lab file names: a cpio archive, such as an initramfs. */
  readonly image: string | undefined
  /** `overlay`: written to memory, never to what lies below. */
  readonly write: boolean | 'overlay'
  /** Memory that what is written may take, in bytes. */
  readonly limitBytes: number
}
