/** DNS, HTTP, NTP and syslog, and clients that we did not write: dig, delv, kdig, drill, dnsperf, curl, wget, ntpdate, ntpdig, chronyd, logger, through a TAP. Needs root and /dev/net/tun. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { debian, row } from './interop.ts'
import { TapLab } from './tap-lab.ts'

let lab: TapLab
const large = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff))

beforeAll(async () => {
  lab = new TapLab()
  mkdirSync(lab.at('web'))
  mkdirSync(lab.at('web', 'folder'))
  writeFileSync(lab.at('web', 'large.bin'), large)
  writeFileSync(lab.at('web', 'a b.txt'), 'a and b\n')
  const text = 'x'.repeat(200)
  const records = `{ www.lab: { cname: files.lab }, lab: { mx: 10 mail.lab, txt: hello }, mail.lab: 10.0.0.9, _http._tcp.lab: { srv: 0 5 80 files.lab }, big.lab: [${Array.from({ length: 30 }, (_, at) => `{ txt: ${at}${text} }`).join(', ')}] }`
  await lab.start(`dns: { records: ${records} }, http: { root: ./web }, ntp: { epoch: "2026-06-01T12:00:00Z" }, syslog: true`, 'nodes: { files: { kind: service, networks: { lan: { address: 10.0.0.8 } }, http: { root: ./web } } }')
}, 60_000)
afterAll(() => lab.close())

const run = (...command: readonly string[]): string => lab.netns.run(...command)

describe('DNS', () => {
  it('dig asks by UDP, TCP and EDNS for names, addresses and what is not there', { timeout: 30_000 }, () => {
    const dig = (...words: string[]): string => run('dig', '@10.0.0.1', '+tries=1', '+time=3', ...words)
    expect(dig('+short', 'files.lab')).toBe('10.0.0.8\n')
    expect(dig('+short', '+tcp', 'www.lab')).toBe('files.lab.\n10.0.0.8\n')
    expect(dig('+short', '-x', '10.0.0.8')).toBe('files.lab.\n')
    expect(dig('+short', 'MX', 'lab')).toBe('10 mail.lab.\n')
    expect(dig('+short', 'SRV', '_http._tcp.lab')).toBe('0 5 80 files.lab.\n')
    expect(dig('nobody.lab')).toMatch(/status: NXDOMAIN[^]*SOA/)
    expect(dig('+noedns', 'AAAA', 'files.lab')).toMatch(/status: NOERROR[^]*ANSWER: 0/)
    expect(dig('+edns=1', '+noednsnegotiation', 'files.lab')).toContain('BADVERS')
    expect(dig('+ignore', '+bufsize=512', 'TXT', 'big.lab')).toMatch(/flags:[^;]* tc/)
    const whole = dig('+bufsize=512', 'TXT', 'big.lab')
    expect(whole).toContain('ANSWER: 30')
    expect(whole).toContain('(TCP)')
    row({ client: debian('dig', 'bind9-dnsutils'), service: 'DNS', check: 'A, AAAA, PTR, CNAME, MX, SRV, TXT, NXDOMAIN with SOA; UDP, TCP, EDNS, and over to TCP when cut short' })
  })

  it('delv, kdig and drill are answered', { timeout: 30_000 }, () => {
    expect(run('delv', '@10.0.0.1', '+noroot', '+nodlv', '-i', 'files.lab', 'A')).toMatch(/files\.lab\.\s+60\s+IN\s+A\s+10\.0\.0\.8/)
    expect(run('kdig', '@10.0.0.1', '+short', '+cookie', 'files.lab')).toContain('10.0.0.8')
    expect(run('kdig', '@10.0.0.1', '+tcp', '+keepopen', 'files.lab', 'www.lab')).toMatch(/10\.0\.0\.8[^]*CNAME/)
    expect(run('drill', '@10.0.0.1', 'www.lab')).toMatch(/rcode: NOERROR[^]*10\.0\.0\.8/)
    for (const [name, inPackage, check] of [['delv', 'bind9-dnsutils', 'A with DO, not validated (-i): the zone has no signatures'], ['kdig', 'knot-dnsutils', 'A by UDP with a cookie, two questions on one TCP connection'], ['drill', 'ldnsutils', 'CNAME with its A']]) row({ client: debian(name, inPackage), service: 'DNS', check })
  })

  it('dnsperf is answered as fast as it asks', { timeout: 30_000 }, async () => {
    writeFileSync(lab.at('questions'), 'files.lab A\nwww.lab A\nlab MX\nnobody.lab A\n8.0.0.10.in-addr.arpa PTR\n')
    const { text } = await lab.netns.finish('dnsperf', '-s', '10.0.0.1', '-d', lab.at('questions'), '-l', '3', '-c', '4')
    const [sent, completed] = ['sent', 'completed'].map((word) => Number(new RegExp(`Queries ${word}: +(\\d+)`).exec(text)?.[1]))
    expect(completed).toBeGreaterThan(300)
    expect(completed).toBeGreaterThanOrEqual(0.98 * sent)
    row({ client: debian('dnsperf'), service: 'DNS', check: 'three seconds of questions as fast as they are answered' })
  })
})

describe('HTTP', () => {
  it('curl takes it whole, in ranges, resumed, and only when it changed', { timeout: 30_000 }, () => {
    const url = 'http://10.0.0.1/large.bin'
    const curl = (...words: string[]): string => run('curl', '-sS', '-m', '20', ...words)
    const status = (...words: string[]): string => curl('-o', '/dev/null', '-w', '%{http_code}', ...words)
    curl('-o', lab.at('whole'), url)
    expect(readFileSync(lab.at('whole')).equals(large)).toBe(true)
    for (const [range, from, to] of [['0-0', 0, 1], ['1000-1999', 1000, 2000], ['4999000-', 4_999_000, undefined], ['-7', -7, undefined]] as const) {
      curl('-r', range, '-o', lab.at('part'), url)
      expect(readFileSync(lab.at('part')).equals(large.subarray(from, to)), range).toBe(true)
    }
    expect(status('-r', '9000000-', url)).toBe('416')
    writeFileSync(lab.at('part'), large.subarray(0, 1_234_567))
    curl('-C', '-', '-o', lab.at('part'), url)
    expect(readFileSync(lab.at('part')).equals(large)).toBe(true)
    curl('--etag-save', lab.at('etag'), '-o', '/dev/null', url)
    expect(status('--etag-compare', lab.at('etag'), url)).toBe('304')
    expect(status('-z', 'Fri, 01 Jan 2100 00:00:00 GMT', url)).toBe('304')
    expect(curl('-I', url)).toMatch(/200 OK[^]*content-length: 5000000/i)
    expect(curl('--http1.0', 'http://10.0.0.1/a%20b.txt')).toBe('a and b\n')
    expect(curl('-L', 'http://10.0.0.1/')).toContain('large.bin')
    expect(status('http://10.0.0.1/folder')).toBe('301')
    expect(status('-T', lab.at('web', 'a b.txt'), 'http://10.0.0.1/new')).toBe('405')
    expect(status('--path-as-is', 'http://10.0.0.1/%2e%2e/lab.yaml')).toMatch(/40[034]/)
    // Both over one connection.
    expect(curl('-w', '%{num_connects} ', '-o', '/dev/null', '-o', '/dev/null', url, 'http://10.0.0.1/a%20b.txt')).toBe('1 0 ')
    row({ client: debian('curl'), service: 'HTTP', check: 'GET, HEAD, HTTP/1.0, ranges and 416, resumed (-C), ETag and If-Modified-Since, listing; PUT and ways out of the folder refused' })
  })

  it('wget goes on where it was, and mirrors by the listings', { timeout: 30_000 }, () => {
    writeFileSync(lab.at('large.bin'), large.subarray(0, 3_000_000))
    run('sh', '-c', `cd ${lab.netns.folder} && wget -q -c http://10.0.0.1/large.bin`)
    expect(readFileSync(lab.at('large.bin')).equals(large)).toBe(true)
    run('wget', '-q', '-r', '-np', '-nH', '-P', lab.at('mirror'), 'http://10.0.0.8/')
    expect(readFileSync(lab.at('mirror', 'large.bin')).equals(large)).toBe(true)
    expect(readFileSync(lab.at('mirror', 'a b.txt'), 'utf8')).toBe('a and b\n')
    row({ client: debian('wget'), service: 'HTTP', check: '-c goes on with a part; -r follows the listing' })
  })
})

describe('NTP', () => {
  it('ntpdate, ntpdig and chronyd read the lab’s clock', { timeout: 60_000 }, async () => {
    const query = (await lab.netns.finish('ntpdate', '-q', '10.0.0.1')).text
    expect(query).toMatch(/s1 |stratum 1/)
    const offset = Number(/([+-]\d{4,}\.\d+)/.exec(query)?.[1])
    const there = Date.now() / 1000 + offset
    expect(Math.abs(there - Date.UTC(2026, 5, 1, 12) / 1000)).toBeLessThan(300)
    const dig = (await lab.netns.finish('ntpdig', '-t', '5', '10.0.0.1')).text
    expect(dig).toMatch(/s1|stratum/)
    const chrony = (await lab.netns.finish('chronyd', '-Q', '-t', '20', '-u', 'root', 'server 10.0.0.1 iburst maxsamples 4', `pidfile ${lab.at('chronyd.pid')}`, 'cmdport 0')).text
    expect(chrony).toMatch(/System clock wrong by -?\d+\.\d+ seconds/)
    for (const [name, inPackage, check] of [['ntpdate', 'ntpsec-ntpdate', 'asks for the time (-q)'], ['ntpdig', 'ntpsec-ntpdig', 'asks for the time'], ['chronyd', 'chrony', 'four samples by iburst, the offset told (-Q)']]) row({ client: debian(name, inPackage), service: 'NTP', check })
  })
})

describe('syslog', () => {
  it('logger’s messages stand in the lab, by UDP and TCP, old format and new', { timeout: 30_000 }, () => {
    const logger = (...words: string[]): string => run('logger', '-n', '10.0.0.1', '-P', '514', '-t', 'app', '-p', 'daemon.warning', ...words)
    logger('-d', '--rfc5424', 'one by UDP')
    logger('-d', '--rfc3164', 'two by UDP')
    logger('-T', '--rfc5424', 'three by TCP')
    logger('-T', '--rfc5424', '--octet-count', 'four counted')
    const messages = lab.inspect('lan.syslog.messages') as { text: string; severity: string; facility: string; app: string }[]
    for (const text of ['one by UDP', 'two by UDP', 'three by TCP', 'four counted']) expect(messages).toContainEqual(expect.objectContaining({ text, severity: 'warning', facility: 'daemon', app: 'app' }))
    row({ client: debian('logger', 'bsdutils'), service: 'syslog', check: 'RFC 3164 and 5424 by UDP, RFC 5424 by TCP with line ends and with octet counts' })
  })
})
