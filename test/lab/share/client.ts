/** A guest's side of a share, for tests: asks, and reads what is answered. */
import { concat } from '../../../src/base/bytes.ts'
import type { NinepServer } from '../../../src/board/virtio/9p.ts'
import { ShareSession } from '../../../src/lab/share/session.ts'
import { MemoryVolume } from '../../../src/lab/volume/memory-volume.ts'
import type { Volume } from '../../../src/stack/volume.ts'
import * as ninep from '../../../src/wire/9p.ts'

export const errno = { ENOENT: 2, E2BIG: 7, EBADF: 9, EBUSY: 16, EEXIST: 17, ENOTDIR: 20, EISDIR: 21, EINVAL: 22, ENFILE: 23, ENOSPC: 28, EROFS: 30, ENAMETOOLONG: 36, ENOTEMPTY: 39, ELOOP: 40, ENODATA: 61, EPROTO: 71, EMSGSIZE: 90, EOPNOTSUPP: 95, ESTALE: 116 } as const

export class Client {
  readonly server: NinepServer
  #fid = 100

  constructor(server: NinepServer) {
    this.server = server
  }

  /** The answer's fields; of an error, its code. */
  ask<Name extends ninep.RequestName>(name: Name, fields: ninep.RequestFields<Name>, room = 512 * 1024): ninep.ReplyFields<Name> & { readonly code?: number } {
    const { message, tag, ...answer } = ninep.parseReply(concat(...this.server.serve(ninep.build(name, 7, fields), room)))
    if (tag !== 7 || (message !== name && message !== 'lerror')) throw new Error(`${name} was answered by ${message} ${tag}`)
    return answer as unknown as ninep.ReplyFields<Name> & { readonly code?: number }
  }

  /** What went wrong, or undefined. */
  code<Name extends ninep.RequestName>(name: Name, fields: ninep.RequestFields<Name>): number | undefined {
    return this.ask(name, fields).code
  }

  /** A new fid for what is at `path` from the root, fid 0. */
  walk(path = '', from = 0): number {
    const fid = this.#fid++
    const names = path.split('/').filter((name) => name !== '')
    const { qids, code } = this.ask('walk', { fid: from, newFid: fid, names })
    if (code !== undefined || qids.length < names.length) throw new Error(`no ${path}: ${code}`)
    return fid
  }

  /** A new file, open for both. */
  create(name: string, { folder = '', flags = 2, mode = 0o644, gid = 0, from = 0 } = {}): number {
    const fid = this.walk(folder, from)
    const { code } = this.ask('lcreate', { fid, name, flags, mode, gid })
    if (code !== undefined) throw new Error(`create ${name}: ${code}`)
    return fid
  }

  read(fid: number, offset = 0, count = 4096): string {
    const { data, code } = this.ask('read', { fid, offset, count })
    return code === undefined ? String.fromCharCode(...data) : `error ${code}`
  }

  names(fid: number, count = 4096, offset = 0): string[] {
    const names: string[] = []
    for (let at = offset; ; ) {
      const { data, code } = this.ask('readdir', { fid, offset: at, count })
      if (code !== undefined) throw new Error(`readdir ${code}`)
      if (data.length === 0) return names
      for (let from = 0; from < data.length; ) {
        const length = data[from + 22] | (data[from + 23] << 8)
        at = data[from + 13] | (data[from + 14] << 8)
        names.push(String.fromCharCode(...data.subarray(from + 24, from + 24 + length)))
        from += 24 + length
      }
    }
  }

  attributes(fid: number): ninep.ReplyFields<'getattr'> & { readonly code?: number } {
    return this.ask('getattr', { fid, mask: 0x7ff })
  }
}

/** A share in memory with fid 0 at its root for `uid`. */
export function mounted({ readOnly = false, uid = 0, volume = new MemoryVolume({ clock: () => 1_000_000_000_000n }) as Volume } = {}): { client: Client; volume: Volume; session: ShareSession } {
  const session = new ShareSession(volume, readOnly)
  const client = new Client(session)
  client.ask('version', { msize: 65_536, version: ninep.version })
  client.ask('attach', { fid: 0, authFid: ninep.noFid, user: '', tree: '', uid })
  return { client, volume, session }
}
