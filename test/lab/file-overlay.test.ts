import { describe, expect, it } from 'vitest'
import { latin1 } from '../../src/base/bytes.ts'
import { FileOverlay } from '../../src/lab/file-overlay.ts'
import { FileError } from '../../src/stack/files.ts'

const under = new FileOverlay(new Map([['host.txt', latin1('host')], ['pxe/b', latin1('below')]]), undefined)
const tree = new FileOverlay(new Map([['/boot.scr', latin1('script')], ['pxe/a', latin1('above')]]), under)
const code = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as FileError).code
  }
}

describe('files laid over a folder', () => {
  it('are read by any spelling of their name', () => {
    expect(['boot.scr', '/boot.scr', './boot.scr', '//boot.scr'].map((name) => tree.open(name, 'read').info.size)).toEqual([6, 6, 6, 6])
    expect(String.fromCharCode(...tree.open('boot.scr', 'read').read(2, 3))).toBe('rip')
    expect(tree.open('boot.scr', 'read').read(6, 3).length).toBe(0)
  })
  it('let the folder show through', () => expect([tree.stat('host.txt').size, tree.stat('pxe').kind, tree.list('pxe'), tree.list('/')]).toEqual([4, 'folder', ['a', 'b'], ['boot.scr', 'host.txt', 'pxe']]))
  it('are not written, and nothing leaves the root', () => {
    expect([code(() => tree.open('boot.scr', 'write')), code(() => tree.open('../x', 'read')), code(() => tree.open('a\0b', 'read')), code(() => tree.open('none', 'read')), code(() => tree.open('pxe', 'read')), code(() => tree.list('none'))]).toEqual(['EROFS', 'EACCES', 'EACCES', 'ENOENT', 'EISDIR', 'ENOENT'])
  })
})
