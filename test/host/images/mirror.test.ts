import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mirrors } from '../../../src/host/images/mirror.ts'

let apt: string
beforeEach(() => {
  apt = mkdtempSync(join(tmpdir(), 'netloom-apt-'))
  mkdirSync(join(apt, 'sources.list.d'))
})
afterEach(() => rmSync(apt, { recursive: true }))

const put = (name: string, ...lines: string[]): void => writeFileSync(join(apt, name), `${lines.join('\n')}\n`)

describe('the mirror', () => {
  it('is what NETLOOM_DEBIAN_MIRROR says, before all else', () => {
    put('sources.list', 'deb http://host.example/debian bookworm main')
    expect(mirrors({ NETLOOM_DEBIAN_MIRROR: 'https://own.example/debian/' }, apt)).toEqual(['https://own.example/debian'])
    expect(() => mirrors({ NETLOOM_DEBIAN_MIRROR: 'own.example' }, apt)).toThrow('NETLOOM_DEBIAN_MIRROR is "own.example", which is no address')
  })

  it('is found in a one-line source, whatever its options', () => {
    put('sources.list', '# deb http://comment.example/debian bookworm main', 'deb-src http://src.example/debian bookworm main', 'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://one.example/debian/ bookworm main contrib # mine')
    expect(mirrors({}, apt)).toEqual(['http://one.example/debian'])
  })

  it('is found in a deb822 source, disabled ones passed over', () => {
    put('sources.list.d/off.sources', 'Types: deb', 'URIs: http://off.example/debian', 'Suites: bookworm', 'Components: main', 'Enabled: no')
    put('sources.list.d/debian.sources', 'Types: deb deb-src', '# a comment', 'URIs: http://one.example/debian', ' http://two.example/debian', 'Suites: bookworm bookworm-updates', 'Components: main', 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg', '', 'Types: deb', 'URIs: http://sec.example/debian-security', 'Suites: bookworm-security', 'Components: main')
    expect(mirrors({}, apt)).toEqual(['http://one.example/debian', 'http://two.example/debian'])
  })

  it('is never a third party’s, another distribution’s or a CD', () => {
    put('sources.list', 'deb cdrom:[Debian 12]/ bookworm main', 'deb http://ubuntu.example/ubuntu noble main')
    put('sources.list.d/a.list', 'deb [signed-by=/usr/share/keyrings/vpn.gpg] https://vpn.example/stable/debian bookworm main', 'deb https://containers.example/linux/debian bookworm stable')
    put('sources.list.d/b.sources', 'Types: deb', 'URIs: https://other.example/debian', 'Suites: bookworm', 'Components: main', 'Signed-By: ', ' -----BEGIN PGP PUBLIC KEY BLOCK-----', ' xxxx')
    put('sources.list.d/c.list.save', 'deb http://old.example/debian bookworm main')
    expect(() => mirrors({}, apt)).toThrow('no mirror of the Debian archive is known')
  })

  it('prefers sources signed by Debian’s own keyring', () => {
    put('sources.list', 'deb http://unsigned.example/debian bookworm main', 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://signed.example/debian bookworm main')
    expect(mirrors({}, apt)).toEqual(['http://signed.example/debian', 'http://unsigned.example/debian'])
  })

  it('is asked for when nothing names one', () => {
    expect(() => mirrors({}, join(apt, 'none'))).toThrow(expect.objectContaining({ name: 'HostError', code: 'EMIRROR', hint: expect.stringContaining('NETLOOM_DEBIAN_MIRROR') }))
  })
})
