/** FTP's control connections through NAT, line by line, and the connections that they announce. */
import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import { FtpAlg, type FtpAlgParts } from '../../src/nat/ftp-alg.ts'
import type { Endpoint } from '../../src/stack/sockets.ts'
import { text, watch, world } from './world.ts'

function alg(parts: Partial<FtpAlgParts> = {}): { readonly alg: FtpAlg; readonly left: () => string; readonly asked: Endpoint[] } {
  let out = ''
  const asked: Endpoint[] = []
  const made = new FtpAlg({
    guest: { address: '10.0.0.10', port: 3000 }, seen: '192.0.2.1', real: '192.0.2.1', role: 'client',
    expect: (to) => void asked.push(to), leave: (bytes) => void (out += fromLatin1(bytes)), ...parts,
  })
  const left = (): string => {
    const said = out
    out = ''
    return said
  }
  return { alg: made, left, asked }
}
const heard = (made: FtpAlg, line: string): string => fromLatin1(made.fromOutside(latin1(line)))

describe('a guest that is a client', () => {
  it.each([
    ['PORT 10,0,0,10,15,160\r\n', 'PORT 203,0,113,5,195,80\r\n'],
    ['port 10,0,0,10,15,160\r\n', 'PORT 203,0,113,5,195,80\r\n'],
    ['EPRT |1|10.0.0.10|4000|\r\n', 'EPRT |1|203.0.113.5|50000|\r\n'],
  ])('has a port opened for %j', (line, became) => {
    const { alg: made, left, asked } = alg()
    made.fromGuest(latin1(`TYPE I\r\n${line}RETR f\r\nPOR`))
    expect([left(), asked, made.waiting]).toEqual(['TYPE I\r\n', [{ address: '10.0.0.10', port: 4000 }], true])
    made.fromGuest(latin1('T'))
    made.opened({ address: '203.0.113.5', port: 50_000 })
    expect([left(), made.waiting]).toEqual([`${became}RETR f\r\n`, false])
    made.fromGuest(latin1('ABLE\r\n'))
    expect(left()).toBe('PORTABLE\r\n')
  })

  it('says what it said when no port can be opened, and all of it before it ends', () => {
    const { alg: made, left } = alg()
    let ended = false
    made.fromGuest(latin1('PORT 10,0,0,10,15,160\r\nQUIT\r\nEPR'))
    made.end(() => (ended = true))
    expect([left(), ended]).toEqual(['', false])
    made.opened(undefined)
    expect([left(), ended]).toEqual(['PORT 10,0,0,10,15,160\r\nQUIT\r\nEPR', true])
  })

  it('has EPRT for PORT where there are no four numbers', () => {
    const { alg: made, left } = alg({ guest: { address: 'fd00::10', port: 1 } })
    made.fromGuest(latin1('EPRT |2|fd00::10|4000|\r\n'))
    made.opened({ address: '2001:db8::5', port: 50_000 })
    expect(left()).toBe('EPRT |2|2001:db8::5|50000|\r\n')
  })

  it.each(['PORT 10,0,0,9,15,160\r\n', 'PORT 10,0,0,10,15,256\r\n', 'PORT 10,0,0,10,0,0\r\n', 'PORT 10,0,0,10\r\n', 'EPRT |1|10.0.0.9|4000|\r\n', 'EPRT |1|10.0.0.10|99999|\r\n', 'EPRT\r\n', 'XPORT 10,0,0,10,15,160\r\n', '227 Mode (10,0,0,10,15,160)\r\n', `PORT ${' '.repeat(600)}10,0,0,10,15,160\r\n`, '\r\n'])('has %j passed as it is', (line) => {
    const { alg: made, left, asked } = alg()
    for (const byte of latin1(line)) made.fromGuest(Uint8Array.of(byte))
    expect([left(), asked]).toEqual([line, []])
  })

  it('hears 227 with the address by which it knows the server, and nothing else is touched', () => {
    const { alg: made } = alg({ seen: '10.0.0.1', real: '127.0.0.1' })
    expect(heard(made, '220 hi\r\n22') + heard(made, '7 Entering Passive Mode (127,0,0,1,4')).toBe('220 hi\r\n')
    expect(heard(made, ',1)\r\n226 ok\r\n')).toBe('227 Entering Passive Mode (10,0,0,1,4,1)\r\n226 ok\r\n')
    for (const line of ['229 Mode (|||4000|)\r\n', '227 (198,51,100,9,1,1)\r\n', '227 (127,0,0,1,1)\r\n', '150 227 (127,0,0,1,1,1)\r\n']) expect(heard(made, line)).toBe(line)
    expect(heard(made, '22')).toBe('')
    expect(fromLatin1(made.outsideEnded())).toBe('22')
  })

  it('is left alone once it has spoken of TLS', () => {
    const { alg: made, left, asked } = alg()
    expect(heard(made, '234 go on\r\n')).toBe('234 go on\r\n')
    made.fromGuest(latin1('PORT 10,0,0,10,15,160\r\nPOR'))
    expect([left(), asked]).toEqual(['PORT 10,0,0,10,15,160\r\nPOR', []])
    expect(heard(made, '22')).toBe('22')
  })
})

describe('a guest that is a server', () => {
  it('has ports opened for 227 and 229', () => {
    const { alg: made, left, asked } = alg({ role: 'server' })
    made.fromGuest(latin1('227 Come to (10,0,0,10,15,160)\r\n'))
    made.opened({ address: '203.0.113.5', port: 50_000 })
    made.fromGuest(latin1('229 Come to (|||4001|)\r\n'))
    made.opened({ address: '203.0.113.5', port: 50_001 })
    expect([left(), asked.map(({ port }) => port)]).toEqual(['227 Entering Passive Mode (203,0,113,5,195,80)\r\n229 Entering Extended Passive Mode (|||50001|)\r\n', [4000, 4001]])
    made.fromGuest(latin1('227 Not mine (192,0,2,9,15,160)\r\n'))
    expect(left()).toBe('227 Not mine (192,0,2,9,15,160)\r\n')
  })
})

describe('NAT', () => {
  it('lets the announced connection in, from the server as the guest knows it', () => {
    const { guest, outside, run, happen } = world()
    const control = watch(guest.connect({ address: '192.0.2.1', port: 21 }))
    run()
    happen({ kind: 'open', flow: 1 }, { kind: 'data', flow: 1, bytes: text('220 hi\r\n') })
    expect(control.log).toEqual(['connect', 'data 220 hi\r\n'])
    const came: string[] = []
    guest.listen({ address: '10.0.0.10', port: 4000 }, (socket) => {
      came.push(`${socket.remoteAddress}:${socket.remotePort}`)
      watch(socket)
    })
    control.socket.write(text('PORT 10,0,0,10,15,160\r\n'))
    run()
    control.socket.write(text('NOOP\r\n'))
    run()
    expect(outside.take()).toEqual(['1 dial 192.0.2.1:21', '1 took 8', '1 expect 192.0.2.1 for 10.0.0.10:4000'])
    happen({ kind: 'expecting', flow: 1, at: { address: '203.0.113.5', port: 50_000 } })
    expect(outside.take()).toEqual(['1 write PORT 203,0,113,5,195,80\r\n', '1 write NOOP\r\n'])
    happen({ kind: 'inbound', flow: -1, from: { address: '192.0.2.1', port: 20 }, to: { address: '10.0.0.10', port: 4000 } }, { kind: 'data', flow: -1, bytes: text('listing') })
    expect(came).toEqual(['192.0.2.1:20'])
    expect(outside.take()).toEqual(['-1 took 7'])
    happen({ kind: 'inbound', flow: -2, from: { address: '192.0.2.1', port: 20 }, to: { address: '10.0.0.10', port: 4000 } })
    expect(came[1]).toMatch(/^10\.0\.0\.1:/)
  })
})
