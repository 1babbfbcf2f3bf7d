import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nameFrom, openImageFile } from '../../src/host/image-file.ts'

let folder: string
const at = (name: string): string => join(folder, name)

const top = (listed: string[] = []): ReturnType<typeof openImageFile> => openImageFile(at('lab/top.qcow2'), { writable: false, listed })

/** The descriptor that would be given out next. */
const next = (): number => {
  const fd = openSync(at('outside.img'), 'r')
  closeSync(fd)
  return fd
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'netloom-test-')))
  mkdirSync(at('lab/below'), { recursive: true })
  for (const name of ['outside.img', 'lab/top.qcow2', 'lab/base.img', 'lab/below/deep.img']) writeFileSync(at(name), name)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const text = (file: { read(position: number, into: Uint8Array): number }): string => {
  const bytes = new Uint8Array(64)
  return new TextDecoder().decode(bytes.subarray(0, file.read(0, bytes)))
}

describe('an image file', () => {
  it('reads, writes, grows, is cut and synced at positions', () => {
    const file = openImageFile(at('lab/base.img'), { writable: true })
    expect([file.name, file.size, file.writable]).toEqual(['base.img', 12, true])
    expect(file.write(4096, Uint8Array.of(1, 2))).toBe(2)
    expect(file.size).toBe(4098)
    file.truncate(4)
    file.sync()
    expect([file.size, text(file)]).toEqual([4, 'lab/'])
    file.close()
    file.close()
  })

  it('is made only where nothing is yet', () => {
    openImageFile(at('lab/new.img'), { writable: true, create: true }).close()
    expect(() => openImageFile(at('lab/new.img'), { writable: true, create: true })).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(() => openImageFile(at('lab/none.img'), { writable: false })).toThrow(expect.objectContaining({ code: 'ENOENT', hint: expect.stringContaining('images create') }))
  })

  it('is written by one at a time', () => {
    const file = openImageFile(at('lab/base.img'), { writable: true })
    expect(() => openImageFile(at('lab/below/../base.img'), { writable: true })).toThrow(expect.objectContaining({ code: 'EBUSY' }))
    openImageFile(at('lab/base.img'), { writable: false }).close()
    file.close()
    openImageFile(at('lab/base.img'), { writable: true }).close()
  })

  it('is a regular file, and waits for nobody', () => {
    execFileSync('mkfifo', [at('lab/pipe')])
    expect(() => openImageFile(at('lab/pipe'), { writable: false })).toThrow('not a regular file')
    expect(() => openImageFile(at('lab'), { writable: false })).toThrow('not a regular file')
  })
})

describe('what an image names', () => {
  const refused = expect.objectContaining({ name: 'DiskError', code: 'EPERM' })

  it('is found beside it and below it, also through names that go round about', () => {
    const file = top()
    for (const [name, found] of [['base.img', 'lab/base.img'], ['below/deep.img', 'lab/below/deep.img'], ['below/../base.img', 'lab/base.img'], [at('lab/base.img'), 'lab/base.img']]) {
      const sibling = file.sibling(name, 'read')
      expect(text(sibling)).toBe(found)
      sibling.close()
    }
    expect(() => file.sibling('none.img', 'read')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  it('is refused outside, however the way there is written', () => {
    symlinkSync('../outside.img', at('lab/link.img'))
    symlinkSync('..', at('lab/up'))
    for (const name of ['../outside.img', at('outside.img'), 'link.img', 'up/outside.img', '/etc/passwd', '/proc/self/mem']) expect(() => top().sibling(name, 'read')).toThrow(refused)
    for (const name of ['nbd://10.0.0.1/x', 'json:{"file.filename":"/etc/passwd"}', 'http://a/b', 'ssh:x']) expect(() => top().sibling(name, 'read')).toThrow(refused)
    expect(() => top().sibling('a\0b', 'read')).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    // What lies below may not lead out again either.
    const deep = top().sibling('below/deep.img', 'read')
    expect(text(deep.sibling('../base.img', 'read'))).toBe('lab/base.img')
    expect(() => deep.sibling('../../outside.img', 'read')).toThrow(refused)
  })

  it('is opened outside where the user listed it, or a folder over it', () => {
    expect(text(top([at('outside.img')]).sibling('../outside.img', 'read'))).toBe('outside.img')
    expect(text(top([folder]).sibling('../outside.img', 'read'))).toBe('outside.img')
    expect(() => top([at('outside')]).sibling('../outside.img', 'read')).toThrow(refused)
  })

  it('leaves no descriptor behind when it is refused', () => {
    const file = top()
    const before = next()
    for (let round = 0; round < 10; round++) expect(() => file.sibling('../outside.img', 'read')).toThrow(refused)
    expect(next()).toBe(before)
  })

  it('is named relative to where the name stands', () => {
    expect(nameFrom(at('lab'), at('lab/below/deep.img'))).toBe('below/deep.img')
    expect(nameFrom(at('lab/below'), at('lab/base.img'))).toBe('../base.img')
  })
})
