import { describe, expect, it } from 'vitest'
import { fromLatin1, fromUtf8, latin1 } from '../../../src/base/bytes.ts'
import { milliseconds, seconds } from '../../../src/base/time.ts'
import type { TcpSocket } from '../../../src/stack/sockets.ts'
import { ftp } from '../../../services/ftp/ftp.ts'
import { served, Talk, type Served } from '../pair-bench.ts'

const large = Uint8Array.from({ length: 2_000_000 }, (_, at) => (at * 31) ^ (at >> 8))
const files = { 'notes.txt': 'one\ntwo\n', 'boot/large.img': large, 'boot/a "b".txt': 'x', huge: new Uint8Array(20_000_000) }

interface Client {
  readonly lan: Served
  readonly talk: Talk
  /** One command, and what is answered. */
  readonly say: (line: string) => string
  /** Opens a passive port and connects to it. */
  readonly passive: (command?: string) => Talk
}

function client(config: unknown = {}, login = ['USER anonymous', 'PASS me@lab']): Client {
  const lan = served(ftp, config, { files })
  const talk = lan.dial(21)
  expect(talk.hear()).toBe('220 Netloom FTP\r\n')
  const say = (line: string): string => talk.say(`${line}\r\n`)
  for (const line of login) say(line)
  const passive = (command = 'EPSV'): Talk => {
    const reply = say(command)
    const old = /\((?:\d+,){4}(\d+),(\d+)\)/.exec(reply)
    return lan.dial(old === null ? Number(/\|\|\|(\d+)\|/.exec(reply)?.[1]) : Number(old[1]) * 256 + Number(old[2]))
  }
  return { lan, talk, say, passive }
}

describe('ftp, coming in', () => {
  it('takes anonymous by any password', () => {
    const { say } = client({}, [])
    expect(say('PWD')).toBe('530 Say USER and PASS first\r\n')
    expect(say('user ftp')).toBe('331 Your address, please\r\n')
    expect(say('PASS x')).toBe('230 Come in\r\n')
    expect(say('PWD')).toBe('257 "/" is the current folder\r\n')
  })

  it('takes users by their passwords, and nobody after three wrong ones', () => {
    const config = { users: { ann: 'secret' }, anonymous: false }
    expect(client(config, []).say('USER ann\r\nPASS secret')).toBe('331 The password, please\r\n230 Come in\r\n')
    const { say, talk, lan } = client(config, [])
    expect(say('USER anonymous\r\nPASS x')).toContain('530 Not this name and password')
    expect(say('USER ann\r\nPASS wrong')).toContain('530 Not this name and password')
    expect(say('USER nobody\r\nPASS')).toContain('421 Too many tries')
    expect(talk.ended).toBe(true)
    expect(lan.log.take().filter((each) => each.includes('ftp.login'))).toHaveLength(3)
    expect(() => ftp.parse({ anonymous: false })).toThrow(/some users/)
  })

  it('tells what it can do', () => {
    const { say } = client()
    expect(say('FEAT')).toBe('211-What there is:\r\n EPRT\r\n EPSV\r\n MDTM\r\n MFMT\r\n MLST type*;size*;modify*;perm*;\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n211 That is all\r\n')
    expect(say('SYST')).toBe('215 UNIX Type: L8\r\n')
    expect(say('AUTH TLS')).toMatch(/^502 /)
    expect(say('NONSENSE')).toBe('500 There is no command NONSENSE\r\n')
    expect(say('constructor')).toMatch(/^500 /)
    expect(say('\u00ff\u00f4\u00ff\u00f2NOOP')).toMatch(/^(200|500) /)
  })
})

describe('ftp, reading', () => {
  it.each(['EPSV', 'PASV', 'EPSV 1'])('sends a large file to %s', (command) => {
    const { say, passive, lan, talk } = client()
    say('TYPE I')
    const data = passive(command)
    expect(say('RETR boot/large.img')).toMatch(/^150 /)
    lan.run(seconds(20))
    expect(Buffer.compare(data.bytes, large)).toBe(0)
    expect(data.ended).toBe(true)
    expect(talk.hear()).toBe('')
    expect(lan.log.take().at(-1)).toBe('info ftp.done: 10.0.0.1 has /boot/large.img, 2000000 bytes')
    expect(lan.files.opened).toBe(0)
  })

  it.each([['PORT', '10,0,0,1,15,160'], ['EPRT', '|1|10.0.0.1|4000|'], ['EPRT', '!1!10.0.0.1!4000!']])('goes to the client by %s %s', (command, where) => {
    const { say, lan } = client()
    let data: Talk | undefined
    lan.a.listen({ address: '10.0.0.1', port: 4000 }, (socket: TcpSocket) => {
      data = new Talk(lan, socket)
    })
    expect(say(`${command} ${where}`)).toBe('200 Understood\r\n')
    expect(say('RETR notes.txt')).toMatch(/^150 .*\r\n226 That was all\r\n$/)
    expect(data?.text).toBe('one\r\ntwo\r\n')
  })

  it('begins where it is told to', () => {
    const { say, passive } = client()
    say('TYPE I')
    const data = passive()
    expect(say('REST 4')).toMatch(/^350 /)
    expect(say('RETR notes.txt')).toMatch(/226/)
    expect(data.text).toBe('two\n')
    const again = passive()
    expect(say('RETR notes.txt')).toMatch(/226/)
    expect(again.text).toBe('one\ntwo\n')
    passive()
    say('REST 9')
    expect(say('RETR notes.txt')).toBe('554 The file has 8 bytes\r\n')
  })

  it('knows sizes and times', () => {
    const { say } = client()
    expect(say('SIZE notes.txt')).toMatch(/^550 SIZE needs TYPE I/)
    say('TYPE L 8')
    expect(say('SIZE notes.txt')).toBe('213 8\r\n')
    expect(say('SIZE boot')).toMatch(/^550/)
    expect(say('MDTM notes.txt')).toBe('213 19700101000000\r\n')
    expect(say('MLST notes.txt')).toBe('250-It is:\r\n type=file;size=8;modify=19700101000000;perm=r; /notes.txt\r\n250 That is all\r\n')
  })

  it('lists folders in three ways', () => {
    const { say, passive } = client()
    const list = (line: string): string => {
      const data = passive()
      expect(say(line)).toMatch(/226/)
      return data.text
    }
    expect(list('NLST')).toBe('boot\r\nhuge\r\nnotes.txt\r\n')
    expect(list('LIST -la')).toBe('dr-xr-xr-x   1 ftp      ftp                 0 Jan  1  1970 boot\r\n-r--r--r--   1 ftp      ftp          20000000 Jan  1  1970 huge\r\n-r--r--r--   1 ftp      ftp                 8 Jan  1  1970 notes.txt\r\n')
    expect(list('MLSD /boot')).toBe('type=file;size=1;modify=19700101000000;perm=r; a "b".txt\r\ntype=file;size=2000000;modify=19700101000000;perm=r; large.img\r\n')
    expect(say('OPTS MLST size;type;owner;')).toBe('200 MLST OPTS type;size;\r\n')
    expect(list('MLSD')).toBe('type=dir; boot\r\ntype=file;size=20000000; huge\r\ntype=file;size=8; notes.txt\r\n')
    expect(say('STAT notes.txt')).toContain('213-It is:\r\n -r--r--r--')
  })

  it('walks folders, and stays below its root', () => {
    const { say } = client()
    expect(say('CWD boot')).toBe('250 "/boot" is the current folder\r\n')
    expect(say('SIZE a "b".txt')).toMatch(/^550 SIZE/)
    expect(say('CDUP')).toBe('250 "/" is the current folder\r\n')
    expect(say('CWD ../../..')).toBe('250 "/" is the current folder\r\n')
    expect(say('CWD notes.txt')).toMatch(/^550/)
    expect(say('CWD nowhere')).toMatch(/^550/)
    expect(say('CWD')).toMatch(/^501/)
  })

  it.each(['../../etc/passwd', '/../etc/passwd', 'boot/../../etc/passwd', '/etc/passwd', `/${'a'.repeat(4000)}`, 'a\u0001b', 'boot/..\\..\\x'])('gives nothing for RETR %s', (name) => {
    const { say, passive } = client()
    passive()
    expect(say(`RETR ${name}`)).toMatch(/^55[03] /)
  })
})

describe('ftp, writing', () => {
  it('is refused unless the lab file allows it', () => {
    const { say } = client()
    for (const line of ['STOR x', 'APPE notes.txt', 'DELE notes.txt', 'MKD x']) expect(say(line)).toMatch(/^550 Nothing may be/)
    const guarded = client({ write: true, users: { ann: 's' } })
    expect(guarded.say('STOR x')).toMatch(/^550/)
  })

  it('takes files as they are, as text, from a place on, and at the end', () => {
    const { say, passive, lan } = client({ write: true })
    const put = (line: string, ...pieces: string[]): string => {
      const data = passive()
      const first = say(line)
      for (const piece of pieces) data.say(piece)
      data.socket.end()
      lan.run(milliseconds(100))
      return first + say('NOOP')
    }
    expect(put('STOR new.txt', 'a\r', '\nb\rc\r\n', '\r')).toMatch(/^150 [^]*226 The file is whole\r\n200 Done/)
    expect(fromLatin1(lan.files.files.get('new.txt') as Uint8Array)).toBe('a\nb\rc\n\r')
    say('TYPE I')
    put('APPE new.txt', 'X\r\n')
    expect(fromLatin1(lan.files.files.get('new.txt') as Uint8Array)).toBe('a\nb\rc\n\rX\r\n')
    say('REST 2')
    put('STOR new.txt', 'zz')
    expect(fromLatin1(lan.files.files.get('new.txt') as Uint8Array)).toBe('a\nzz')
    expect(lan.files.opened).toBe(0)
  })
})

describe('ftp, hostile', () => {
  it.each(['PORT 10,0,0,9,15,160', 'PORT 10,0,0,1,0,25', 'EPRT |1|10.0.0.9|4000|', 'EPRT |1|10.0.0.1|80|'])('does not bounce: %s', (line) => {
    const { say, lan } = client()
    expect(say(line)).toMatch(/^504 /)
    expect(say('RETR notes.txt')).toMatch(/^425 /)
    expect(lan.log.take().at(-1)).toContain('warn ftp.bounce')
  })

  it.each(['PORT 10,0,0,1,15', 'PORT 10,0,0,1,15,256', 'PORT 1', 'EPRT', 'EPRT |3|10.0.0.1|4000|', 'EPRT |1|10.0.0.1|x|', 'REST -1', 'TYPE E', 'MODE B', 'STRU R', 'EPSV 2'])('says no to %s', (line) => {
    expect(client().say(line)).toMatch(/^5\d\d /)
  })

  it('keeps to EPSV after EPSV ALL', () => {
    const { say } = client()
    expect(say('EPSV ALL')).toMatch(/^200/)
    expect(say('PASV')).toMatch(/^501/)
    expect(say('PORT 10,0,0,1,15,160')).toMatch(/^501/)
    expect(say('EPSV')).toMatch(/^229/)
  })

  it('stops a transfer at once, and goes on', () => {
    const { say, passive, lan, talk } = client()
    say('TYPE I')
    const data = passive()
    data.socket.pause()
    talk.socket.write(latin1('RETR huge\r\n'))
    lan.run(milliseconds(5))
    talk.socket.write(latin1('NOOP\r\n'))
    expect(say('ABOR')).toMatch(/^150 [^]*426 Stopped, as you wish\r\n(200 Done\r\n)?226 Nothing is under way\r\n/)
    expect(say('NOOP')).toContain('200 Done')
    expect(lan.files.opened).toBe(0)
  })

  it('gives up data ports to which nobody comes, transfers that don’t move, and sessions in which nothing happens', () => {
    const { say, passive, lan, talk } = client({ idle: '100s' })
    say('EPSV')
    say('RETR notes.txt')
    lan.run(seconds(31))
    expect(talk.hear()).toBe('425 No data connection: nobody came to the data port\r\n')
    const data = passive()
    data.socket.pause()
    say('TYPE I\r\nEPSV')
    say('RETR huge')
    lan.run(seconds(200))
    expect(fromUtf8(talk.take())).toContain('421 Nothing happens here; goodbye')
    expect(lan.service.inspect?.()['sessions']).toEqual([])
    expect(lan.files.opened).toBe(0)
  })

  it('survives long lines, floods of commands, and a client that vanishes in a transfer', () => {
    const { say, lan } = client()
    expect(say('X'.repeat(10_000))).toBe('500 That line is too long\r\n')
    const flood = client()
    flood.say('EPSV')
    flood.say('RETR notes.txt')
    expect(flood.say('NOOP\r\n'.repeat(100))).toContain('421 Too many commands at once')
    const gone = client()
    gone.say('TYPE I')
    gone.passive()
    gone.say('RETR huge')
    gone.talk.socket.destroy()
    gone.lan.run(seconds(120))
    expect(gone.lan.service.inspect?.()['sessions']).toEqual([])
    expect([lan.files.opened, gone.lan.files.opened]).toEqual([0, 0])
  })

  it('turns away who is one too many', () => {
    const lan = served(ftp, { connections: 1 })
    const talks = [lan.dial(21), lan.dial(21)]
    lan.run(seconds(1))
    expect(talks.map((talk) => talk.text)).toEqual(['220 Netloom FTP\r\n', '421 Too many are here\r\n'])
  })
})
