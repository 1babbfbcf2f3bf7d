/** The FTP service and clients that we did not write: curl, lftp, wget, Python's ftplib, ncftp, tnftp, BusyBox, through a TAP. Needs root and /dev/net/tun. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { debian, row } from './interop.ts'
import { Netns } from './netns.ts'

let netns: Netns
const large = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff))
const at = (...parts: readonly string[]): string => join(netns.folder, ...parts)

beforeAll(async () => {
  netns = new Netns()
  for (const folder of ['ro', 'ro/deep', 'ro/deep/er', 'rw']) mkdirSync(at(folder))
  writeFileSync(at('ro', 'large.bin'), large)
  writeFileSync(at('ro', 'deep', 'er', 'small.txt'), 'small\n')
  writeFileSync(at('ro', 'a name with spaces'), 'x')
  const hosts = 'nodes: { rw: { kind: service, networks: { lan: { address: 10.0.0.3 } }, ftp: { root: ./rw, write: true } } }'
  writeFileSync(at('lab.yaml'), `name: out\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, ftp: { root: ./ro } } }\n${hosts}\nuplinks: { home: { network: lan, type: tap, ifname: nl0, host_address: 10.0.0.2/24 } }\n`)
  const up = netns.lab('up', at('lab.yaml'))
  await up.until('no nl0', () => netns.attempt('ip', 'link', 'show', 'up', 'dev', 'nl0').text.includes('nl0'))
  await up.until('no answer', () => netns.attempt('curl', '-s', '-m', '2', 'ftp://10.0.0.3/').status === 0)
}, 60_000)

afterAll(() => netns.close())

const same = (file: string): boolean => readFileSync(at(file)).equals(large)

describe('curl', () => {
  it.each([['EPSV', []], ['PASV', ['--disable-epsv']], ['EPRT', ['-P', '-']], ['PORT', ['-P', '-', '--disable-eprt']], ['IPv6 by EPSV', ['-g']], ['IPv6 by EPRT', ['-g', '-P', '-']]] as const)('fetches and resumes by %s', { timeout: 30_000 }, (name, words) => {
    const from = name.startsWith('IPv6') ? `[fd00:1::1]` : '10.0.0.1'
    if (from.startsWith('[')) netns.attempt('ip', 'addr', 'replace', 'fd00:1::2/64', 'dev', 'nl0', 'nodad')
    netns.run('curl', '-sS', '-m', '20', ...words, '-o', at('got'), `ftp://${from}/large.bin`)
    expect(same('got')).toBe(true)
    writeFileSync(at('part'), large.subarray(0, 1_234_567))
    netns.run('curl', '-sS', '-m', '20', ...words, '-C', '-', '-o', at('part'), `ftp://${from}/large.bin`)
    expect(same('part')).toBe(true)
    row({ client: debian('curl'), service: 'FTP', check: `down and resumed by ${name}` })
  })

  it('uploads, appends, makes folders, renames, deletes; and nothing of it where it may not', { timeout: 30_000 }, () => {
    netns.run('curl', '-sS', '-T', at('ro', 'large.bin'), '--ftp-create-dirs', 'ftp://10.0.0.3/new/folder/up.bin')
    expect(same('rw/new/folder/up.bin')).toBe(true)
    netns.run('curl', '-sS', '-T', at('ro', 'a name with spaces'), '-a', 'ftp://10.0.0.3/new/folder/up.bin')
    expect(statSync(at('rw/new/folder/up.bin')).size).toBe(large.length + 1)
    netns.run('curl', '-sS', '-Q', 'RNFR /new/folder/up.bin', '-Q', 'RNTO /moved', '-Q', 'RMD /new/folder', '-Q', 'MFMT 20010203040506 /moved', 'ftp://10.0.0.3/')
    expect(readdirSync(at('rw', 'new'))).toEqual([])
    expect(netns.run('curl', '-sS', '-I', 'ftp://10.0.0.3/moved')).toMatch(/Last-Modified: Sat, 03 Feb 2001 04:05:06 GMT[^]*Content-Length: 5000001/)
    netns.run('curl', '-sS', '-Q', 'DELE /moved', 'ftp://10.0.0.3/')
    expect(readdirSync(at('rw'))).toEqual(['new'])
    expect(netns.attempt('curl', '-sS', '-T', at('lab.yaml'), 'ftp://10.0.0.1/x').text).toContain('550')
    expect(netns.attempt('curl', '-sS', '-Q', 'DELE /large.bin', 'ftp://10.0.0.1/').status).not.toBe(0)
    expect(netns.attempt('curl', '-sS', '--path-as-is', 'ftp://10.0.0.1/%2f..%2f..%2fetc%2fpasswd').status).not.toBe(0)
    row({ client: debian('curl'), service: 'FTP', check: 'upload, append, folders made, rename, MFMT, delete; refused where nothing may be written, and a way out of the folder' })
  })
})

describe('other clients', () => {
  it('lftp mirrors both ways, moves and removes', { timeout: 30_000 }, () => {
    const lftp = (script: string): string => netns.run('lftp', '-c', `set net:max-retries 1; set net:timeout 5; ${script}`)
    lftp(`open ftp://10.0.0.1; mirror --parallel=3 / ${at('mirror')}`)
    netns.run('diff', '-r', at('ro'), at('mirror'))
    lftp(`open ftp://10.0.0.3; mirror -R ${at('ro')} /copy`)
    netns.run('diff', '-r', at('ro'), at('rw', 'copy'))
    lftp('open ftp://10.0.0.3; mv copy/large.bin big; mkdir -p a/b/c; pget -n 4 big -o /dev/null; rm -r copy; ls')
    expect(readdirSync(at('rw')).sort()).toEqual(['a', 'big', 'new'])
    row({ client: debian('lftp'), service: 'FTP', check: 'mirror both ways, move and remove' })
  })

  it('wget -c goes on where it stopped, and walks folders', { timeout: 30_000 }, () => {
    writeFileSync(at('large.bin'), large.subarray(0, 4_000_000))
    netns.run('wget', '-q', '-c', '-P', netns.folder, 'ftp://10.0.0.1/large.bin')
    expect(same('large.bin')).toBe(true)
    netns.run('wget', '-q', '-r', '-nH', '-P', at('walked'), 'ftp://10.0.0.1/deep/')
    expect(readFileSync(at('walked', 'deep', 'er', 'small.txt'), 'latin1')).toBe('small\n')
    row({ client: debian('wget'), service: 'FTP', check: '-c goes on with a part; -r walks folders' })
  })

  it("Python's ftplib: MLSD, active and passive, store, rename, delete", { timeout: 30_000 }, () => {
    const script = `
import ftplib, io
ftp = ftplib.FTP("10.0.0.3", timeout=5); ftp.login()
for passive in (True, False):
    ftp.set_pasv(passive)
    ftp.storbinary("STOR py", io.BytesIO(b"one\\ntwo\\n" * 1000))
    ftp.storlines("STOR text", io.BytesIO(b"a\\r\\nb\\r\\n"))
    lines = []; ftp.retrlines("RETR text", lines.append); assert lines == ["a", "b"], lines
    data = []; ftp.retrbinary("RETR py", data.append, rest=4); assert b"".join(data) == (b"one\\ntwo\\n" * 1000)[4:]
    facts = dict(ftp.mlsd(facts=["type", "size"])); assert facts["py"]["size"] == "8000", facts
    ftp.voidcmd("TYPE I")
    print(ftp.size("py"), ftp.mkd("folder"), ftp.nlst("py"))
    ftp.rename("py", "folder/py"); ftp.cwd("folder"); ftp.delete("py"); ftp.cwd(".."); ftp.rmd("folder"); ftp.delete("text")
ftp.quit()
`
    expect(netns.run('python3', '-c', script)).toBe("8000 /folder ['py']\n8000 /folder ['py']\n")
    row({ client: debian('ftplib of Python', 'python3'), service: 'FTP', check: 'active and passive: STOR, RETR with REST, text, MLSD, SIZE, MKD, rename, delete' })
  })

  it('BusyBox, ncftp and tnftp', { timeout: 30_000 }, () => {
    netns.run('busybox', 'ftpget', '10.0.0.1', at('bb'), '/large.bin')
    expect(same('bb')).toBe(true)
    netns.run('busybox', 'ftpput', '10.0.0.3', 'bb', at('bb'))
    expect(same('rw/bb')).toBe(true)
    netns.run('ncftpget', '-V', '-t', '5', '10.0.0.1', at('mirror', 'deep'), '/a name with spaces')
    expect(statSync(at('mirror', 'deep', 'a name with spaces')).size).toBe(1)
    netns.run('sh', '-c', `cd ${at('walked')} && printf 'open 10.0.0.1\\nuser ftp x\\nget large.bin\\n' | tnftp -n`)
    expect(same('walked/large.bin')).toBe(true)
    row({ client: debian('busybox', 'busybox'), service: 'FTP', check: 'ftpget and ftpput' }, { client: debian('ncftpget', 'ncftp'), service: 'FTP', check: 'down, a name with spaces' }, { client: debian('tnftp'), service: 'FTP', check: 'down' })
  })
})
