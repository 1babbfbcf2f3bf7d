/**
 * An NFSv3 client that only makes work: calls over one TCP connection, sixteen under way at once, for two seconds. RFC 1813, 5531 §11.
 *
 *   npx tsx bench/services/nfs-client.ts ADDRESS EXPORT getattr|read4k|write4k|create|read1m|write1m
 *
 * Prints calls a second, or MB/s for the calls of a megabyte.
 */
import { connect, type Socket } from 'node:net'
import { buildCall, buildSystem, programs } from '../../src/wire/rpc.ts'
import { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'

const [address, path, work] = process.argv.slice(2)
const underWay = 16
const milliseconds = 2000
const credential = buildSystem({ stamp: 1, machine: 'bench', uid: 0, gid: 0, groups: [0] })
/** Bytes before the results: xid, reply, accepted, an empty verifier, success. */
const resultsAt = 24

class Connection {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (results: Uint8Array) => void>()
  #parts: Buffer[] = []
  #held = 0
  #xid = 1

  constructor(port: number) {
    this.#socket = connect({ host: address, port, noDelay: true })
    this.#socket.on('data', (part) => this.#hear(part))
    this.#socket.on('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      process.exit(1)
    })
  }

  call(program: number, procedure: number, write: (xdr: XdrWriter) => unknown): Promise<XdrReader> {
    const xid = this.#xid++
    const xdr = new XdrWriter(1 << 12)
    write(xdr)
    const message = buildCall({ xid, program, version: 3, procedure, credential, payload: xdr.bytes })
    const mark = Buffer.alloc(4)
    mark.writeUInt32BE((0x8000_0000 | message.length) >>> 0)
    this.#socket.cork()
    this.#socket.write(mark)
    this.#socket.write(message)
    this.#socket.uncork()
    return new Promise((resolve) => void this.#waiting.set(xid, (results) => resolve(new XdrReader(results))))
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Joined only when a record is whole, so that a megabyte isn't copied for every piece of it. */
  #hear(part: Buffer): void {
    this.#parts.push(part)
    this.#held += part.length
    for (;;) {
      if (this.#held < 4) return
      if (this.#parts[0].length < 4) this.#parts = [Buffer.concat(this.#parts)]
      const length = 4 + (this.#parts[0].readUInt32BE() & 0x7fff_ffff)
      if (this.#held < length) return
      const all = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
      const record = all.subarray(4, length)
      this.#held -= length
      this.#parts = this.#held === 0 ? [] : [all.subarray(length)]
      const xid = record.readUInt32BE()
      const hear = this.#waiting.get(xid)
      this.#waiting.delete(xid)
      hear?.(record.subarray(resultsAt))
    }
  }
}

/** The status before a call's results. @throws when it isn't NFS3_OK. */
function ok(results: XdrReader): XdrReader {
  const status = results.u32()
  if (status !== 0) throw new Error(`NFS says status ${status}`)
  return results
}

const mount = new Connection(20_048)
const root = ok(await mount.call(programs.mount, 1, (xdr) => xdr.string(path))).opaque(64)
mount.close()
const nfs = new Connection(2049)

async function create(name: string): Promise<Uint8Array> {
  // UNCHECKED, mode 644 and nothing else set.
  const results = ok(await nfs.call(programs.nfs, 8, (xdr) => xdr.opaque(root).string(name).u32(0).u32(1).u32(0o644).u32(0).u32(0).u32(0).u32(0).u32(0)))
  if (!results.bool()) throw new Error('no handle')
  return results.opaque(64)
}

const remove = (name: string): Promise<XdrReader> => nfs.call(programs.nfs, 12, (xdr) => xdr.opaque(root).string(name)).then(ok)
const data = new Uint8Array(1 << 20).fill(0x5a)
const fileBytes = 64 << 20

const read = (file: Uint8Array, offset: number, count: number): Promise<number> =>
  nfs.call(programs.nfs, 6, (xdr) => xdr.opaque(file).offset(offset).u32(count)).then((results) => {
    if (ok(results).bool()) results.fixed(84)
    return results.u32()
  })

const write = (file: Uint8Array, offset: number, count: number): Promise<number> =>
  nfs.call(programs.nfs, 7, (xdr) => xdr.opaque(file).offset(offset).u32(count).u32(0).opaque(data.subarray(0, count))).then((results) => {
    if (ok(results).bool()) results.fixed(24)
    if (results.bool()) results.fixed(84)
    return results.u32()
  })

/** What each does once. @returns calls made, or bytes moved. */
async function once(): Promise<(at: number) => Promise<number>> {
  const file = await create('file')
  if (work.startsWith('read')) for (let at = 0; at < fileBytes; ) at += await write(file, at, data.length)
  const size = work.endsWith('4k') ? 4096 : data.length
  const place = (at: number): number => (at * size) % fileBytes
  switch (work) {
    case 'getattr':
      return async () => (ok(await nfs.call(programs.nfs, 1, (xdr) => xdr.opaque(root))), 1)
    case 'read4k':
      return async (at) => (await read(file, place(at), size), 1)
    case 'write4k':
      return async (at) => (await write(file, place(at), size), 1)
    case 'create':
      return async (number) => (await create(`f${number}`), await remove(`f${number}`), 2)
    case 'read1m':
      return (at) => read(file, place(at), size)
    case 'write1m':
      return (at) => write(file, place(at), size)
    default:
      throw new Error(`there is no "${work}"`)
  }
}

const step = await once()
let [made, at] = [0, 0]
const began = performance.now()
await Promise.all(Array.from({ length: underWay }, async () => {
  while (performance.now() - began < milliseconds) {
    // Not `made += await`: that adds to what made was before the wait.
    const more = await step(at++)
    made += more
  }
}))
const seconds = (performance.now() - began) / 1000
process.stdout.write(`${work.endsWith('1m') ? made / seconds / 1e6 : made / seconds}\n`)
nfs.close()
