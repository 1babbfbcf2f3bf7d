import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUtf8, utf8 } from '../../src/base/bytes.ts'
import { HostFileTree } from '../../src/host/file-tree.ts'
import { HostError } from '../../src/host/host-error.ts'
import type { FileError, FileTree } from '../../src/stack/files.ts'

let outside: string
let root: string

beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'netloom-files-')))
  root = join(outside, 'root')
  mkdirSync(join(root, 'boot/deep'), { recursive: true })
  writeFileSync(join(outside, 'secret'), 'secret')
  writeFileSync(join(outside, 'root-but-not-it'), 'secret')
  writeFileSync(join(root, 'hello.txt'), 'hello, lab\n')
  writeFileSync(join(root, 'boot/deep/file'), 'deep')
})
afterEach(() => rmSync(outside, { recursive: true, force: true }))

const text = (tree: FileTree, name: string): string => {
  const file = tree.open(name, 'read')
  const bytes = file.read(0, 1000)
  file.close()
  return fromUtf8(bytes)
}

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as FileError).code
  }
  return 'nothing thrown'
}

const descriptors = (): number => readdirSync('/proc/self/fd').length

function refusal(path: string): HostError {
  try {
    new HostFileTree(path).close()
  } catch (error) {
    return error as HostError
  }
  throw new Error('nothing thrown')
}

/** Names that must not reach anything outside, whatever they answer. */
const traversals = [
  '..',
  '../secret',
  '/../secret',
  'boot/../../secret',
  'boot/deep/../../../secret',
  './../secret',
  'boot//..//..//secret',
  '../root/../secret',
  '../root-but-not-it',
  'hello.txt/../../secret',
  'nothing/../../secret',
  'link-up',
  'link-up/secret',
  'link-absolute',
  'link-slash',
  'link-slash/etc/passwd',
  'link-through/secret',
  'link-late',
  'link-beside',
  'boot/link-two-up',
  'link-to-link',
  'link-self',
  'loop-a',
  'secret\0.txt',
  '\0',
  '/proc/self/root/etc/passwd',
  'link-proc/self/root/etc/passwd',
]

function setTraps(): void {
  symlinkSync('..', join(root, 'link-up'))
  symlinkSync(join(outside, 'secret'), join(root, 'link-absolute'))
  symlinkSync('/', join(root, 'link-slash'))
  symlinkSync('boot/../..', join(root, 'link-through'))
  symlinkSync('boot/deep/../../../secret', join(root, 'link-late'))
  symlinkSync(`${root}-but-not-it`, join(root, 'link-beside'))
  symlinkSync('../../secret', join(root, 'boot/link-two-up'))
  symlinkSync('boot/link-two-up', join(root, 'link-to-link'))
  symlinkSync('link-self', join(root, 'link-self'))
  symlinkSync('loop-b', join(root, 'loop-a'))
  symlinkSync('loop-a', join(root, 'loop-b'))
  symlinkSync('/proc', join(root, 'link-proc'))
}

describe.each([
  { walk: 'by descriptor', byDescriptor: true },
  { walk: 'by name', byDescriptor: false },
])('HostFileTree, walking $walk', ({ byDescriptor }) => {
  const open = (options = {}): HostFileTree => new HostFileTree(root, { byDescriptor, ...options })

  it('reads a file, by offset and to its end only', () => {
    const file = open().open('hello.txt', 'read')
    expect(file.info).toMatchObject({ kind: 'file', size: 11 })
    expect(fromUtf8(file.read(7, 3))).toBe('lab')
    expect(fromUtf8(file.read(7, 1e9))).toBe('lab\n')
    expect(file.read(11, 5)).toHaveLength(0)
    expect(file.read(1e12, 5)).toHaveLength(0)
    file.close()
  })

  it('passes over leading slashes, dots and empty parts', () => {
    const tree = open()
    expect(text(tree, '/boot//./deep/file')).toBe('deep')
    expect(text(tree, '///hello.txt')).toBe('hello, lab\n')
    expect(tree.stat('')).toMatchObject({ kind: 'folder' })
  })

  it('lists a folder sorted by code unit', () => {
    for (const name of ['b', 'B', 'a.txt', 'ä']) writeFileSync(join(root, 'boot', name), '')
    expect(open().list('boot')).toEqual(['B', 'a.txt', 'b', 'deep', 'ä'])
  })

  it('says what is wrong by code', () => {
    const tree = open()
    expect(codeOf(() => tree.open('nothing', 'read'))).toBe('ENOENT')
    expect(codeOf(() => tree.open('boot', 'read'))).toBe('EISDIR')
    expect(codeOf(() => tree.open('hello.txt/x', 'read'))).toBe('ENOTDIR')
    expect(codeOf(() => tree.list('hello.txt'))).toBe('ENOTDIR')
    expect(codeOf(() => tree.stat('x'.repeat(256)))).toBe('ENAMETOOLONG')
    expect(codeOf(() => tree.stat('ä'.repeat(128)))).toBe('ENAMETOOLONG')
    expect(codeOf(() => tree.stat('x/'.repeat(3000)))).toBe('ENAMETOOLONG')
    expect(codeOf(() => tree.open('hello.txt', 'write'))).toBe('EROFS')
    expect(codeOf(() => tree.open('new', 'create'))).toBe('EROFS')
  })

  it.each(traversals)('gives nothing of the outside for %j', (name) => {
    setTraps()
    const tree = open()
    for (const look of [() => tree.open(name, 'read'), () => tree.stat(name), () => tree.list(name)]) expect(['EACCES', 'ENOENT', 'ENOTDIR']).toContain(codeOf(look))
    const writable = open({ write: true })
    expect(['EACCES', 'ENOENT', 'ENOTDIR', 'EEXIST']).toContain(codeOf(() => writable.open(name, 'create')))
    expect(['EACCES', 'ENOENT', 'ENOTDIR']).toContain(codeOf(() => writable.open(name, 'write')))
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(readdirSync(outside).sort()).toEqual(['root', 'root-but-not-it', 'secret'])
  })

  it('follows links that stay inside, relative and absolute', () => {
    symlinkSync('deep/../deep/file', join(root, 'boot/inside'))
    symlinkSync('../hello.txt', join(root, 'boot/up-but-in'))
    symlinkSync(join(root, 'boot/inside'), join(root, 'whole'))
    symlinkSync('boot', join(root, 'folder'))
    const tree = open()
    expect(text(tree, 'boot/inside')).toBe('deep')
    expect(text(tree, 'boot/up-but-in')).toBe('hello, lab\n')
    expect(text(tree, 'whole')).toBe('deep')
    expect(text(tree, 'folder/deep/file')).toBe('deep')
    expect(tree.list('folder')).toEqual(['deep', 'inside', 'up-but-in'])
  })

  it('follows 40 links in a row and refuses 41', () => {
    for (let link = 1; link <= 41; link++) symlinkSync(link === 1 ? 'hello.txt' : `chain${link - 1}`, join(root, `chain${link}`))
    const tree = open()
    expect(text(tree, 'chain40')).toBe('hello, lab\n')
    expect(codeOf(() => tree.open('chain41', 'read'))).toBe('EACCES')
  })

  it('is not drowned by links that multiply', () => {
    symlinkSync('.', join(root, 'm0'))
    for (let link = 1; link < 30; link++) symlinkSync(`m${link - 1}/`.repeat(40), join(root, `m${link}`))
    expect(codeOf(() => open().stat('m29'))).toBe('EACCES')
  })

  it.skipIf(process.platform === 'win32')('never opens a FIFO, and calls it other', () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    const tree = open({ write: true })
    expect(tree.stat('pipe').kind).toBe('other')
    expect(codeOf(() => tree.open('pipe', 'read'))).toBe('EACCES')
    expect(codeOf(() => tree.open('pipe', 'write'))).toBe('EACCES')
  })

  it('writes and makes files where that is allowed, and does not make one twice', () => {
    const tree = open({ write: true })
    const made = tree.open('boot/new', 'create')
    made.write(2, utf8('lab'))
    made.truncate(4)
    expect(made.info.size).toBe(4)
    made.close()
    expect(readFileSync(join(root, 'boot/new'))).toEqual(Buffer.from([0, 0, 0x6c, 0x61]))
    expect(codeOf(() => tree.open('boot/new', 'create'))).toBe('EEXIST')
    expect(codeOf(() => tree.open('nowhere/new', 'create'))).toBe('ENOENT')
    const there = tree.open('hello.txt', 'write')
    there.write(0, utf8('H'))
    there.close()
    expect(text(tree, 'hello.txt')).toBe('Hello, lab\n')
  })

  it('leaves no descriptor open behind refusals and answers', () => {
    setTraps()
    const tree = open()
    const before = descriptors()
    for (const name of traversals) codeOf(() => tree.open(name, 'read'))
    for (let time = 0; time < 20; time++) text(tree, 'boot/deep/file')
    expect(descriptors()).toBe(before)
  })

  it('keeps its root when the folder is renamed behind its back', () => {
    const tree = open()
    renameSync(root, join(outside, 'elsewhere'))
    mkdirSync(root)
    writeFileSync(join(root, 'hello.txt'), 'another')
    if (byDescriptor) expect(text(tree, 'hello.txt')).toBe('hello, lab\n')
    else expect(text(tree, 'hello.txt')).toBe('another')
  })
})

describe('HostFileTree', () => {
  it('refuses a root that is missing or no folder with a hint', () => {
    expect(refusal(join(outside, 'none'))).toMatchObject({ name: 'HostError', code: 'ENOENT', message: `there is no folder ${join(outside, 'none')}` })
    expect(refusal(join(outside, 'secret'))).toMatchObject({ name: 'HostError', code: 'ENOTDIR' })
  })
})
