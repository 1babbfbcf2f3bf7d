import { describe, expect, it } from 'vitest'
import { seconds } from '../../../src/base/time.ts'
import { http } from '../../../services/http/http.ts'
import { served, type Served, type Talk } from '../pair-bench.ts'

const large = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 31) ^ (at >> 8))
const files = { vmlinuz: '0123456789', 'boot/initrd.img': large, 'site/index.html': '<p>hello', 'site/a b&"c.txt': 'x', 'site/sub/empty.txt': '' }
const world = (config: unknown = {}): Served => served(http, config, { files })

interface Reply {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

function read(text: string): Reply {
  const end = text.indexOf('\r\n\r\n')
  const [first, ...lines] = text.slice(0, end).split('\r\n')
  return { status: Number(first.split(' ')[1]), headers: new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])), body: text.slice(end + 4) }
}

/** One request on a connection of its own. */
function ask(target: string, headers: Readonly<Record<string, string>> = {}, { method = 'GET', config = {} as unknown, lan = world(config) } = {}): Reply {
  const lines = Object.entries({ Host: '10.0.0.2', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return read(lan.dial(80).say(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, seconds(5)))
}

describe('http', () => {
  it("answers busybox's wget, byte for byte", () => {
    const lan = world()
    const talk = lan.dial(80)
    expect(talk.say('GET /vmlinuz HTTP/1.1\r\nHost: 10.0.0.2\r\nUser-Agent: Wget\r\nConnection: close\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: netloom\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nETag: "a-0"\r\nAccept-Ranges: bytes\r\n' +
      'Content-Type: application/octet-stream\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789',
    )
    expect(talk.ended).toBe(true)
    expect(lan.log.take()).toEqual(['info http.done: 10.0.0.1 has /vmlinuz, 10 bytes, status 200'])
    expect(lan.files.opened).toBe(0)
  })

  it('sends a large file whole', () => {
    const lan = world()
    const talk = lan.dial(80)
    talk.socket.write(Buffer.from('GET /boot/initrd.img HTTP/1.0\r\n\r\n'))
    lan.run(seconds(20))
    const end = Buffer.from(talk.bytes).indexOf('\r\n\r\n') + 4
    expect(Buffer.compare(talk.bytes.subarray(end), large)).toBe(0)
    expect(talk.ended).toBe(true)
  })

  it('keeps a connection, and answers what was asked ahead in order', () => {
    const talk = world().dial(80)
    const said = talk.say('HEAD /vmlinuz HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /site/sub/empty.txt HTTP/1.1\nHost: x\n\nGET http://x/vmlinuz?a=b HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(said.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
    expect(said.endsWith('\r\n\r\n0123456789')).toBe(true)
    expect(said.match(/Content-Length: \d+/g)).toEqual(['Content-Length: 10', 'Content-Length: 0', 'Content-Length: 10'])
    expect(talk.ended).toBe(false)
  })

  it.each<[string, string | undefined, number, string]>([
    ['/vmlinuz', 'bytes=2-4', 206, '234'],
    ['/vmlinuz', 'bytes=7-', 206, '789'],
    ['/vmlinuz', 'bytes=-2', 206, '89'],
    ['/vmlinuz', 'bytes=-20', 206, '0123456789'],
    ['/vmlinuz', 'bytes=9-99', 206, '9'],
    ['/vmlinuz', 'bytes=10-', 416, '416 Range Not Satisfiable: the file has 10 bytes\n'],
    ['/vmlinuz', 'bytes=-0', 416, '416 Range Not Satisfiable: the file has 10 bytes\n'],
    ['/vmlinuz', 'bytes=4-2', 200, '0123456789'],
    ['/vmlinuz', 'lines=1-2', 200, '0123456789'],
    ['/vmlinuz', 'bytes=0-9,0-9', 200, '0123456789'],
    ['/site/sub/empty.txt', 'bytes=0-', 416, '416 Range Not Satisfiable: the file has 0 bytes\n'],
  ])('sends of %s the range %s', (target, range, status, body) => {
    expect(ask(target, range === undefined ? {} : { Range: range })).toMatchObject({ status, body })
  })

  it('says which part it sends, and sends several in one answer', () => {
    expect(ask('/vmlinuz', { Range: 'bytes=2-4' }).headers.get('Content-Range')).toBe('bytes 2-4/10')
    expect(ask('/vmlinuz', { Range: 'bytes=99-' }).headers.get('Content-Range')).toBe('bytes */10')
    const several = ask('/vmlinuz', { Range: 'bytes=0-1, 8-' })
    expect(several.body.length).toBe(Number(several.headers.get('Content-Length')))
    expect(several.body).toBe('--netloom-part-of-a-file\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--netloom-part-of-a-file\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--netloom-part-of-a-file--\r\n')
  })

  it.each<[Readonly<Record<string, string>>, number]>([
    [{ 'If-None-Match': '"a-0"' }, 304],
    [{ 'If-None-Match': 'W/"a-0", "x"' }, 304],
    [{ 'If-None-Match': '*' }, 304],
    [{ 'If-None-Match': '"b"', 'If-Modified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 200],
    [{ 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 304],
    [{ 'If-Modified-Since': 'Thu Jan  1 00:00:00 1970' }, 304],
    [{ 'If-Modified-Since': 'yesterday' }, 200],
    [{ 'If-Match': '"b"' }, 412],
    [{ 'If-Match': 'W/"a-0"' }, 412],
    [{ 'If-Match': '"b", "a-0"' }, 200],
    [{ 'If-Unmodified-Since': 'Wednesday, 31-Dec-69 00:00:00 GMT' }, 200],
    [{ 'If-Unmodified-Since': 'Wed, 31 Dec 1969 23:59:59 GMT' }, 412],
    [{ Range: 'bytes=0-1', 'If-Range': '"a-0"' }, 206],
    [{ Range: 'bytes=0-1', 'If-Range': '"b"' }, 200],
    [{ Range: 'bytes=0-1', 'If-Range': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 206],
  ])('obeys %j', (headers, status) => {
    expect(ask('/vmlinuz', headers).status).toBe(status)
  })

  it('shows folders: an index, a list, or the way to the slash', () => {
    expect(ask('/site/')).toMatchObject({ status: 200, body: '<p>hello' })
    expect(ask('/site')).toMatchObject({ status: 301, body: '' })
    expect(ask('//site').headers.get('Location')).toBe('/site/')
    const list = ask('/site/', {}, { config: { index: 'none.html' } })
    expect(list.body).toContain('<a href="./a%20b%26%22c.txt">a b&amp;&quot;c.txt</a>')
    expect(list.body).toContain('<a href="./sub/">sub/</a>')
    expect(ask('/site/a%20b%26%22c.txt').body).toBe('x')
    expect(ask('/', {}, { config: { listing: false } }).status).toBe(403)
  })

  it.each([
    ['/../etc/passwd', 403], ['/site/%2e%2e/%2e%2e/etc/passwd', 403], ['/%2e%2e%2f', 403], ['/..', 403], ['/site/..%00', 400], ['/%', 400], ['/%zz', 400], ['/%ff', 400], ['/a%0d%0ab', 400],
    [`/${'a'.repeat(3000)}`, 404], ['/vmlinuz/', 404], ['/nothing', 404], ['*', 400], ['site', 400],
  ])('refuses %s with %i', (target, status) => {
    expect(ask(target).status).toBe(status)
  })

  it('names what is near a file that is missing', () => {
    const lan = world()
    ask('/boot/initrd.gz', {}, { lan })
    ask('/vmlinux', {}, { lan })
    expect(lan.log.take()).toEqual(['warn http.missing: 10.0.0.1 asks for /boot/initrd.gz, which is not there; there is boot/initrd.img', 'warn http.missing: 10.0.0.1 asks for /vmlinux, which is not there; there is vmlinuz'])
  })

  it.each([
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc', 405], ['BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 501], ['GET / HTTP/2.0\r\n\r\n', 505], ['GET /\r\n\r\n', 400], ['\u0016\u0003\u0001\u0002\n\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400], ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400], ['GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400], ['GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400], ['GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 413],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400], ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n', 413],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}`, 431], [`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(101)}\r\n`, 431],
  ])('answers %j with %i', (text, status) => {
    expect(read(world().dial(80).say(text)).status).toBe(status)
  })

  it('passes over content that it does not want, and answers what follows', () => {
    const talk = world().dial(80)
    const said = talk.say('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /') + talk.say('GET /vmlinuz HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(said.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 200'])
  })

  it('lets silent and unfinished connections go, and those that never read', () => {
    const lan = world({ idle: '10s' })
    const talks: Talk[] = [lan.dial(80), lan.dial(80), lan.dial(80)]
    talks[1].socket.write(Buffer.from('GET / HT'))
    talks[2].socket.pause()
    talks[2].socket.write(Buffer.from('GET /boot/initrd.img HTTP/1.1\r\nHost: x\r\n\r\nGET /boot/initrd.img HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40)))
    lan.run(seconds(5))
    expect(lan.service.inspect?.()).toMatchObject({ counters: [{ connections: 3 }] })
    lan.run(seconds(60))
    expect(talks[1].text).toContain('HTTP/1.1 408')
    expect(lan.service.inspect?.()).toMatchObject({ counters: [{ connections: 0 }] })
    expect(lan.files.opened).toBe(0)
  })

  it('turns away who is one too many, once in the log', () => {
    const lan = world({ connections: 2 })
    const talks = [1, 2, 3, 4].map(() => lan.dial(80))
    lan.run(seconds(1))
    expect(talks.map((talk) => talk.ended || talk.closed)).toEqual([false, false, true, true])
    expect(lan.log.take()).toEqual(['warn http.busy: 10.0.0.1 is turned away: there are 2 connections already'])
  })
})
