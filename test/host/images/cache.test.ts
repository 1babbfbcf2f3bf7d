import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { Cache, cacheFolder } from '../../../src/host/images/cache.ts'
import { lock } from '../../../src/host/images/lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nothing = (): void => undefined

describe('the cache', () => {
  it('lies where the environment says', () => {
    expect(cacheFolder({ NETLOOM_CACHE: '/n', XDG_CACHE_HOME: '/x' })).toBe('/n/images')
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/netloom/images')
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/netloom\/images$/)
  })

  it('gives back what was added, by hash', () => {
    const cache = new Cache(folder)
    const hash = cache.add(utf8('image'))
    expect(hash).toBe('6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d')
    expect(cache.read(hash)).toEqual(Buffer.from('image'))
    expect([...cache.all()]).toEqual([hash])
    expect(cache.read('0'.repeat(64))).toBeUndefined()
  })

  it.each([
    ['cut short', utf8('ima')],
    ['changed', utf8('imagE')],
    ['empty', utf8('')],
  ])('never gives what is %s, and forgets it', (_, torn) => {
    const cache = new Cache(folder)
    const hash = cache.add(utf8('image'))
    writeFileSync(cache.path(hash), torn)
    expect(cache.read(hash)).toBeUndefined()
    expect(existsSync(cache.path(hash))).toBe(false)
  })

  it('takes a torn or foreign index for an empty one', () => {
    const cache = new Cache(folder)
    for (const text of ['', '{"format":1,"pack', '{"format":2,"packages":{},"made":{}}', 'null', '[]']) {
      writeFileSync(join(folder, 'index.json'), text)
      expect(cache.index()).toEqual({ format: 1, packages: {}, made: {} })
    }
  })

  it('leaves no temporary files', () => {
    const cache = new Cache(folder)
    cache.change((index) => void (index.made['a'] = { sha256: 'x', sizeBytes: 1, from: [] }))
    cache.change((index) => void (index.made['b'] = { sha256: 'y', sizeBytes: 1, from: [] }))
    expect(Object.keys(cache.index().made)).toEqual(['a', 'b'])
    expect(readFileSync(join(folder, 'index.json'), 'utf8')).toContain('"format": 1')
  })

  it('says what to do when the folder can’t be used', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(() => new Cache(join(folder, 'file/below')).add(utf8('x'))).toThrow(expect.objectContaining({ name: 'HostError', code: 'ENOTDIR', hint: 'set NETLOOM_CACHE to a folder that you may write' }))
  })
})

describe('the lock', () => {
  it('lets one in at a time, in this process too', async () => {
    const cache = new Cache(folder)
    const order: string[] = []
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} in`)
      await new Promise((resolve) => setImmediate(resolve))
      order.push(`${name} out`)
    }
    await Promise.all([cache.locked(work('a'), nothing), cache.locked(work('b'), nothing)])
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })

  it('is given back when the work fails', async () => {
    const cache = new Cache(folder)
    await expect(cache.locked(() => Promise.reject(new Error('no')), nothing)).rejects.toThrow('no')
    await cache.locked(() => Promise.resolve(), nothing)
  })

  it('waits for another process and says for which', async () => {
    const holder = spawn('sleep', ['60'])
    try {
      const boot = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} `
      writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: holder.pid, boot }))
      const stop = new AbortController()
      const waited: number[] = []
      const attempt = lock(join(folder, 'lock'), (pid) => {
        waited.push(pid)
        stop.abort()
      }, stop.signal)
      await expect(attempt).rejects.toMatchObject({ name: 'AbortError' })
      expect(waited).toEqual([holder.pid])
      expect(existsSync(join(folder, 'lock'))).toBe(true)
    } finally {
      holder.kill('SIGKILL')
    }
  })

  it('is taken from a process that is gone', async () => {
    const own = await lock(join(folder, 'own'), nothing)
    const { boot } = JSON.parse(readFileSync(join(folder, 'own'), 'utf8')) as { boot: string }
    own()
    const gone = spawn('true')
    await new Promise((resolve) => gone.on('exit', resolve))
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: gone.pid, boot }))
    const unlock = await lock(join(folder, 'lock'), nothing)
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    unlock()
  })

  it('is taken when it was not renewed, or makes no sense, for a minute', async () => {
    for (const text of [JSON.stringify({ pid: 1, boot: 'elsewhere' }), '']) {
      writeFileSync(join(folder, 'lock'), text)
      const before = new Date(Date.now() - 61_000)
      utimesSync(join(folder, 'lock'), before, before)
      const unlock = await lock(join(folder, 'lock'), nothing)
      unlock()
    }
  })

  it.skipIf(process.getuid?.() === 0)('can’t be had in a folder that is not ours', async () => {
    mkdirSync(join(folder, 'closed'))
    chmodSync(join(folder, 'closed'), 0o500)
    await expect(new Cache(join(folder, 'closed')).locked(() => Promise.resolve(), nothing)).rejects.toMatchObject({ name: 'HostError' })
  })
})
