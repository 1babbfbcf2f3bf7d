import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import type { Client } from './client.ts'
import { fill, world } from './client.ts'

const put = (lan: Client, data: Uint8Array, blksize = 512): void => {
  for (let block = 1; (block - 1) * blksize <= data.length; block++) lan.send({ kind: 'data', block, data: data.subarray((block - 1) * blksize, block * blksize) })
}

describe('tftp, writing', () => {
  const config = { write: true }

  it.each([0, 1, 511, 512, 513, 2000])('takes a file of %i bytes', (length) => {
    const lan = world({}, config)
    lan.request('dump', [], { kind: 'wrq' })
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 0 }])
    put(lan, fill(length))
    expect(lan.packets().at(-1)).toEqual({ kind: 'ack', block: Math.floor(length / 512) + 1 })
    expect(lan.files.files.get('dump')).toEqual(fill(length))
    lan.wait(seconds(2))
    expect(lan.packets()).toEqual([])
    expect(lan.log.take().at(-1)).toBe(`info tftp.done: 10.0.0.100 has written dump, ${length} bytes`)
    expect(lan.files.opened).toBe(0)
  })

  it('acknowledges windows, tells of a gap once, and repeats the last acknowledgement', () => {
    const lan = world({}, config)
    lan.request('dump', [['windowsize', '3'], ['blksize', '8'], ['tsize', '26']], { kind: 'wrq' })
    expect(lan.packets()).toEqual([{ kind: 'oack', options: [['windowsize', '3'], ['blksize', '8'], ['tsize', '26']] }])
    const data = (block: number): void => lan.send({ kind: 'data', block, data: fill(26).subarray(8 * block - 8, 8 * block) })
    data(1)
    data(2)
    expect(lan.packets()).toEqual([])
    data(3)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 3 }])
    data(5)
    data(6)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 3 }])
    data(4)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 4 }])
    data(4)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 4 }])
    expect(lan.files.files.get('dump')).toEqual(fill(26))
  })

  it('keeps what is there unless told otherwise, and keeps to its limit', () => {
    const lan = world({ files: { dump: 'old' } }, config)
    lan.request('dump', [], { kind: 'wrq' })
    expect(lan.packets()).toMatchObject([{ kind: 'error', code: 6 }])
    const over = world({ files: { dump: 'old content' } }, { write: true, overwrite: true, writeMax: '1K' })
    over.request('dump', [['tsize', '2000']], { kind: 'wrq' })
    expect(over.packets()).toMatchObject([{ kind: 'error', code: 3 }])
    over.request('dump', [], { kind: 'wrq' })
    over.packets()
    put(over, fill(2000))
    expect(over.packets().find((packet) => packet.kind === 'error')).toMatchObject({ code: 3 })
    expect(over.files.files.get('dump')).toEqual(fill(1024))
  })

  it('turns netascii into plain lines', () => {
    const lan = world({}, config)
    lan.request('dump', [['blksize', '8']], { kind: 'wrq', mode: 'netascii' })
    lan.packets()
    put(lan, latin1('abcdefg\r\nx\r\0y'), 8)
    expect(lan.files.files.get('dump')).toEqual(latin1('abcdefg\nx\ry'))
  })

  it('takes one file after another, however many wait for a repeated last block', () => {
    const lan = world({}, { ...config, transfers: 2 })
    for (let at = 0; at < 5; at++) {
      lan.request(`dump${at}`, [], { kind: 'wrq', port: 3000 + at })
      expect(lan.packets()).toEqual([{ kind: 'ack', block: 0 }])
      lan.send({ kind: 'data', block: 1, data: fill(5) }, 3000 + at)
      expect(lan.packets()).toEqual([{ kind: 'ack', block: 1 }])
    }
    // The last two still are there for theirs.
    lan.send({ kind: 'data', block: 1, data: fill(5) }, 3004)
    expect(lan.packets()).toEqual([{ kind: 'ack', block: 1 }])
    expect(lan.files.opened).toBe(2)
    expect(lan.log.take().filter((line) => line.includes('tftp.done'))).toHaveLength(3)
  })

  it('gives a silent writer up', () => {
    const lan = world({}, config)
    lan.request('dump', [], { kind: 'wrq' })
    lan.wait(seconds(60))
    expect(lan.packets().at(-1)).toMatchObject({ kind: 'error' })
    expect(lan.files.opened).toBe(0)
  })
})
