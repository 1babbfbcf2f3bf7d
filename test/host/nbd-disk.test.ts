import { describe, expect, it } from 'vitest'
import { concat, latin1, unhex } from '../../src/base/bytes.ts'
import { DiskError } from '../../src/disk/block.ts'
import { MemoryDisk } from '../../src/disk/memory.ts'
import type { BlockingStream } from '../../src/host/blocking-stream.ts'
import { NbdDisk, parseNbd } from '../../src/host/nbd-disk.ts'
import { NbdSession } from '../../src/host/nbd-session.ts'

const size = 4 << 20

/** A server in place of a connection: what is sent is answered at once. */
class Loop implements BlockingStream {
  readonly #session: NbdSession
  #waiting: Uint8Array = new Uint8Array(0)
  closed = 0
  /** So many bytes more come, then the far end is gone. */
  left = Number.POSITIVE_INFINITY

  constructor(disk: MemoryDisk) {
    this.#session = new NbdSession(disk, 'disk', (bytes) => this.put(bytes.slice()))
  }

  put(bytes: Uint8Array): void {
    this.#waiting = concat(this.#waiting, bytes)
  }

  send(bytes: Uint8Array): void {
    try {
      this.#session.hear(bytes.slice())
    } catch {
      this.left = 0
    }
  }

  receive(into: Uint8Array): void {
    if (into.length > this.#waiting.length || into.length > this.left) throw new DiskError('EIO', 'the far end has closed')
    this.left -= into.length
    into.set(this.#waiting.subarray(0, into.length))
    this.#waiting = this.#waiting.slice(into.length)
  }

  close(): void {
    this.closed++
  }
}

function served(readOnly = false): { disk: NbdDisk; below: MemoryDisk; loop: Loop } {
  const below = new MemoryDisk(new Uint8Array(size), { readOnly })
  const loop = new Loop(below)
  return { disk: new NbdDisk(loop, 'disk', false), below, loop }
}

describe('a disk that a server has', () => {
  it('is read and written, flushed and zeroed, in pieces where it is much', () => {
    const { disk, below, loop } = served()
    expect([disk.size, disk.readOnly]).toEqual([size, false])
    const bytes = Uint8Array.from({ length: (2 << 20) + 1024 }, (_, at) => (at * 7) & 0xff)
    disk.write(512, bytes)
    disk.flush()
    const back = new Uint8Array(bytes.length)
    disk.read(512, back)
    expect(Buffer.compare(back, bytes)).toBe(0)
    disk.zero(1024, 1 << 20)
    below.read(1023, back.subarray(0, 2))
    expect([back[0], back[1]]).toEqual([bytes[511], 0])
    expect(() => disk.read(size - 511, new Uint8Array(512))).toThrow(expect.objectContaining({ name: 'DiskError', code: 'EINVAL' }))
    disk.close()
    expect(loop.closed).toBe(1)
    expect(() => disk.flush()).toThrow('closed')
  })

  it('that is read-only there is so here', () => {
    const { disk } = served(true)
    expect(disk.readOnly).toBe(true)
    expect(() => disk.write(0, new Uint8Array(512))).toThrow(expect.objectContaining({ code: 'EROFS' }))
  })

  it('whose server is gone gives I/O errors from then on', () => {
    const { disk, loop } = served()
    loop.left = 20
    for (let time = 0; time < 2; time++) expect(() => disk.read(0, new Uint8Array(512))).toThrow(expect.objectContaining({ name: 'DiskError', code: 'EIO' }))
    expect(loop.closed).toBe(1)
    disk.close()
  })

  it('is refused with what the server said, and so is a server that talks nonsense', () => {
    const below = new MemoryDisk(new Uint8Array(size))
    expect(() => new NbdDisk(new Loop(below), 'other', false)).toThrow('the server has no disk "other"')
    const wrong = (bytes: Uint8Array): BlockingStream => {
      let at = 0
      return { send: () => undefined, close: () => undefined, receive: (into) => into.set(bytes.subarray(at, (at += into.length))) }
    }
    expect(() => new NbdDisk(wrong(new Uint8Array(4096)), 'a', false)).toThrow('no NBD server')
    const greeting = concat(latin1('NBDMAGICIHAVEOPT'), unhex('0003'))
    expect(() => new NbdDisk(wrong(concat(greeting, unhex('0003e889045565a9 00000007 00000003 7fffffff'))), 'a', false)).toThrow('what was not asked')
    expect(() => new NbdDisk(wrong(concat(greeting, unhex('0003e889045565a9 00000007 00000003 0000000c 0000 0000000000000201 0001'), unhex('0003e889045565a9 00000007 00000001 00000000'))), 'a', false)).toThrow('not whole sectors')
    const endless = concat(greeting, ...Array.from({ length: 100 }, () => unhex('0003e889045565a9 00000007 00000003 00000000')))
    expect(() => new NbdDisk(wrong(endless), 'a', false)).toThrow('come to an end')
  })
})

describe('where it is', () => {
  it('is an address or a socket, with the name of the disk', () => {
    const at = (text: string): unknown => parseNbd(text, (path) => `/lab/${path}`)
    expect(at('127.0.0.1:10810/disk')).toEqual({ place: { host: '127.0.0.1', port: 10810 }, name: 'disk' })
    expect(at('nbd://[::1]/a/b')).toEqual({ place: { host: '::1', port: 10809 }, name: 'a/b' })
    expect(at('localhost')).toEqual({ place: { host: 'localhost', port: 10809 }, name: '' })
    expect(at('./nbd.sock')).toEqual({ place: { unix: '/lab/./nbd.sock' }, name: '' })
    expect(at('/run/nbd.sock:disk')).toEqual({ place: { unix: '/lab//run/nbd.sock' }, name: 'disk' })
    for (const text of ['example.org:1', '1.2.3.4:99999', '[1.2.3.4]:5', '::1', '']) expect(() => at(text)).toThrow('is no place of an NBD server')
  })
})
