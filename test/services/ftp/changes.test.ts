/** FTP on a volume: what changes folders, what may not be changed, and that nothing leaves the root. */
import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { milliseconds } from '../../../src/base/time.ts'
import { ftp } from '../../../services/ftp/ftp.ts'
import { MemoryVolume } from '../../../src/lab/volume/memory-volume.ts'
import type { NewNode } from '../../../src/stack/volume.ts'
import { served, type Served, Talk } from '../pair-bench.ts'

const folder: NewNode = { kind: 'folder', mode: 0o755, uid: 0, gid: 0 }
const file: NewNode = { kind: 'file', mode: 0o644, uid: 0, gid: 0 }

interface Client {
  readonly lan: Served
  readonly volume: MemoryVolume
  readonly say: (line: string) => string
  readonly put: (line: string, text: string) => string
  readonly list: (line: string) => string
}

function client(config: object = {}): Client {
  const volume = new MemoryVolume({ clock: () => 1_767_225_600_000_000_000n })
  const boot = volume.create(volume.root, 'boot', folder)
  volume.write(volume.create(boot, 'a.txt', file), 0, latin1('a'))
  volume.create(volume.root, 'out', { ...file, kind: 'link', target: '../../etc/passwd' })
  volume.create(volume.root, 'in', { ...file, kind: 'link', target: '/boot' })
  volume.create(volume.root, 'loop', { ...file, kind: 'link', target: 'loop' })
  const lan = served(ftp, { root: './files', write: true, ...config }, { files: { 'given/notes.txt': 'given' }, volume })
  const talk = lan.dial(21)
  talk.hear()
  const say = (line: string): string => talk.say(`${line}\r\n`)
  say('USER ftp\r\nPASS x\r\nTYPE I')
  const passive = (): Talk => lan.dial(Number(/\|\|\|(\d+)\|/.exec(say('EPSV'))?.[1]))
  const put = (line: string, text: string): string => {
    const data = passive()
    const first = say(line)
    data.socket.write(latin1(text))
    data.socket.end()
    lan.run(milliseconds(100))
    return first + say('NOOP')
  }
  const list = (line: string): string => {
    const data = passive()
    say(line)
    return data.text
  }
  return { lan, volume, say, put, list }
}

const code = (reply: string): string => reply.slice(0, 3)

describe('ftp, changing folders', () => {
  it('makes, renames and removes', () => {
    const { say, put, list, lan } = client()
    expect(say('MKD new')).toBe('257 "/new" is made\r\n')
    expect(say('MKD new')).toMatch(/^553/)
    expect(say('XMKD new/a "quoted" one')).toBe('257 "/new/a ""quoted"" one" is made\r\n')
    expect(put('STOR new/f', 'one')).toContain('226')
    expect(say('RMD new')).toBe('550 That folder is not empty\r\n')
    expect(say('RNFR new/f')).toMatch(/^350/)
    expect(say('RNTO boot/g')).toMatch(/^250/)
    expect(list('NLST boot')).toBe('a.txt\r\ng\r\n')
    expect(say('RNFR boot/g\r\nRNTO boot/a.txt')).toMatch(/^350.*\r\n250/)
    expect(list('NLST boot')).toBe('a.txt\r\n')
    expect([say('RNFR new'), say('RNTO new/below')].map(code)).toEqual(['350', '550'])
    expect([say('DELE boot/a.txt'), say('DELE boot/a.txt'), say('DELE new'), say('RMD boot'), say('XRMD new/a "quoted" one'), say('RMD new')].map(code)).toEqual(['250', '550', '550', '250', '250', '250'])
    expect(lan.log.take().filter((each) => each.includes('ftp.changed'))).toHaveLength(8)
  })

  it('wants RNTO right after RNFR', () => {
    const { say } = client()
    expect([say('RNTO x'), say('RNFR boot'), say('NOOP'), say('RNTO x'), say('RNFR nothing')].map(code)).toEqual(['503', '350', '200', '503', '550'])
  })

  it('stores, appends, restarts, and finds names nobody has', () => {
    const { volume, put } = client()
    const text = (name: string): string => fromLatin1(volume.read(volume.lookup(volume.root, name), 0, 100))
    put('STOR f', 'long content')
    put('STOR f', 'short')
    expect(text('f')).toBe('short')
    put('APPE f', ' and more')
    put('REST 6\r\nSTOR f', 'AND')
    expect(text('f')).toBe('short AND')
    expect(put('STOU f', 'x')).toMatch(/^150 FILE: \/f\.1\r\n/)
    expect(put('STOU', 'y')).toMatch(/^150 FILE: \/file\r\n/)
    expect([text('f.1'), text('file')]).toEqual(['x', 'y'])
  })

  it('tells the lab’s times, and sets them', () => {
    const { say, put } = client()
    put('STOR f', 'x')
    expect(say('MDTM f')).toBe('213 20260101000000\r\n')
    expect(say('MFMT 20200229123456 f')).toBe('213 Modify=20200229123456; /f\r\n')
    expect(say('MDTM f')).toBe('213 20200229123456\r\n')
    expect(say('MDTM 19991231235959 f')).toMatch(/^213 Modify/)
    expect(say('MDTM f')).toBe('213 19991231235959\r\n')
    expect(['MFMT 20210229000000 f', 'MFMT 2020 f', 'MFMT 20200101000000', 'MFMT', 'MFMT 20200101000000 nothing'].map((line) => code(say(line)))).toEqual(['501', '501', '501', '501', '550'])
  })

  it('follows links inside the root, and none out of it', () => {
    const { say } = client()
    expect(say('SIZE in/a.txt')).toBe('213 1\r\n')
    expect(code(say('SIZE out'))).toBe('550')
    expect(code(say('SIZE loop'))).toBe('550')
    expect(say('DELE in')).toMatch(/^250/)
    expect(say('SIZE boot/a.txt')).toBe('213 1\r\n')
    for (const line of ['DELE ../../x', 'RMD /', 'RMD ..', 'DELE /', 'RNFR /', 'MKD a\u0001', 'MKD /../..', `MKD ${'n'.repeat(300)}`]) expect(code(say(line))).toMatch(/^55/)
  })

  it('leaves the lab file’s own files as they are', () => {
    const { say, list, put } = client()
    expect(list('NLST given')).toBe('notes.txt\r\n')
    expect(list('NLST')).toBe('boot\r\ngiven\r\nin\r\n')
    for (const line of ['DELE given/notes.txt', 'RMD given', 'RNFR given', 'RNFR boot\r\nRNTO given', 'MFMT 20200101000000 given/notes.txt']) expect(say(line)).toMatch(/55\d/)
    expect(put('STOR given/more', 'x')).toMatch(/^55\d/)
  })

  it('changes nothing unless the lab file says so', () => {
    const { say } = client({ write: false })
    for (const word of ['DELE x', 'MKD x', 'RMD x', 'RNFR x', 'RNTO x', 'STOU', 'MFMT 20200101000000 x', 'MDTM 20200101000000 x', 'APPE x']) expect(code(say(word))).toBe('550')
    const guarded = client({ users: { ann: 's' }, write: 'overlay' })
    expect(code(guarded.say('DELE boot/a.txt'))).toBe('550')
    expect(code(guarded.say('USER ann\r\nPASS s'))).toBe('331')
    expect(code(guarded.say('DELE boot/a.txt'))).toBe('250')
  })
})
