import { describe, expect, it } from 'vitest'
import { concat, putU16be, u16be, unhex } from '../../../src/base/bytes.ts'
import { seconds } from '../../../src/base/time.ts'
import { formatData, formatType, types } from '../../../src/wire/dns-data.ts'
import * as wire from '../../../src/wire/dns.ts'
import { dns } from '../../../services/dns/dns.ts'
import { client, serviceBench } from '../bench.ts'
import { served } from '../pair-bench.ts'

const none = new Uint8Array(0)
const edns = (udpBytes: number, version = 0): wire.Edns => ({ udpBytes, version, dnssecOk: false, options: none })

function query(name: string, type: number = types.a, more: Partial<wire.Message> = {}): wire.Message {
  return {
    id: 77, response: false, opcode: 0, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: false, authenticData: false, checkingDisabled: false,
    rcode: 0, questions: [{ name, type, class: 1 }], answers: [], authorities: [], additionals: [], edns: undefined, ...more,
  }
}

const mac = unhex('525400123456')
const nodes = [{ name: 'node1', macs: [mac], addresses: ['10.0.0.100'] }, { name: 'Idle', macs: [], addresses: [] }, { name: 'lan', macs: [], addresses: ['10.0.0.1'] }]
const config = {
  ttl: '1m',
  records: {
    'files.lab': '10.0.0.7',
    'both.lab': ['10.0.0.8', 'fd00::8'],
    'www.lab': { cname: 'web.lab.' },
    'web.lab': { cname: 'files.lab' },
    'loop.lab': { cname: 'pool.lab' },
    'pool.lab': { cname: 'loop.lab' },
    'out.lab': { cname: 'www.example.org' },
    'deep.er.lab': '10.0.0.9',
    '*.wild.lab': { a: '10.0.0.10', ttl: '5s' },
    'there.wild.lab': { txt: 'a text' },
    lab: { mx: ['10 mail.lab', '20 files.lab'], txt: ['x'.repeat(300)] },
    '_http._tcp.lab': { srv: '0 5 80 files.lab' },
    'one.example.com': '192.0.2.1',
    ...Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`many${at}.lab`, '10.0.1.1'])),
    'large.lab': { a: Array.from({ length: 60 }, (_, at) => `10.1.0.${at}`) },
  },
}

function world(given: unknown = config): { ask: (message: wire.Message | Uint8Array) => wire.Message | undefined; lan: ReturnType<typeof serviceBench> } {
  const lan = serviceBench(dns, given, { nodes })
  lan.meet()
  const ask = (message: wire.Message | Uint8Array): wire.Message | undefined => {
    lan.say(message instanceof Uint8Array ? message : wire.build(message), { port: 4000 }, { port: 53 })
    const [reply, ...more] = lan.heard()
    expect(more).toEqual([])
    return reply === undefined ? undefined : wire.parse(reply.datagram.payload)
  }
  return { ask, lan }
}

const list = (records: readonly wire.Record[]): string => records.map(({ name, type, data }) => `${name} ${formatType(type)} ${formatData(data)}`).join(', ')

/** `code | answers | authorities`, each `name TYPE data`. */
function said(message: wire.Message | undefined): string {
  if (message === undefined) return 'nothing'
  return `${message.rcode} | ${list(message.answers)} | ${list(message.authorities)}`
}
const soa = (zone: string): string => `${zone} SOA ns.lab hostmaster.ns.lab 1`

describe('dns, names of the lab', () => {
  it.each<[string, number, string]>([
    ['node1.lab', types.a, '0 | node1.lab A 10.0.0.100 | '],
    ['NODE1.Lab', types.a, '0 | NODE1.Lab A 10.0.0.100 | '],
    ['node1', types.a, '0 | node1 A 10.0.0.100 | '],
    ['node1', types.aaaa, `0 |  | ${soa('node1')}`],
    ['idle.lab', types.a, `0 |  | ${soa('lab')}`],
    ['lan.lab', types.a, '0 | lan.lab A 10.0.0.1 | '],
    ['ns.lab', types.a, '0 | ns.lab A 10.0.0.1 | '],
    ['100.0.0.10.in-addr.arpa', types.ptr, '0 | 100.0.0.10.in-addr.arpa PTR node1.lab | '],
    ['7.0.0.10.in-addr.arpa', types.ptr, '0 | 7.0.0.10.in-addr.arpa PTR files.lab | '],
    ['99.0.0.10.in-addr.arpa', types.ptr, `3 |  | ${soa('0.0.10.in-addr.arpa')}`],
    ['1.2.0.192.in-addr.arpa', types.ptr, '0 | 1.2.0.192.in-addr.arpa PTR one.example.com | '],
    ['lab', types.soa, `0 | ${soa('lab')} | `],
    ['lab', types.ns, '0 | lab NS ns.lab | '],
  ])('answers %s %i', (name, type, expected) => {
    expect(said(world().ask(query(name, type)))).toBe(expected)
  })

  it('is authoritative, and tells how long its answers hold', () => {
    const reply = world().ask(query('node1.lab'))
    expect(reply).toMatchObject({ id: 77, response: true, authoritative: true, recursionDesired: true, recursionAvailable: false, questions: [{ name: 'node1.lab' }] })
    expect(reply?.answers[0].ttl).toBe(60)
  })
})

describe('dns, records', () => {
  it.each<[string, number, string]>([
    ['files.lab', types.a, '0 | files.lab A 10.0.0.7 | '],
    ['both.lab', types.aaaa, '0 | both.lab AAAA fd00::8 | '],
    ['8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa', types.ptr, '0 | 8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa PTR both.lab | '],
    ['www.lab', types.a, '0 | www.lab CNAME web.lab, web.lab CNAME files.lab, files.lab A 10.0.0.7 | '],
    ['www.lab', types.cname, '0 | www.lab CNAME web.lab | '],
    ['out.lab', types.a, '0 | out.lab CNAME www.example.org | '],
    ['loop.lab', types.a, '2 | loop.lab CNAME pool.lab | '],
    ['er.lab', types.a, `0 |  | ${soa('lab')}`],
    ['no.lab', types.a, `3 |  | ${soa('lab')}`],
    ['any.wild.lab', types.a, '0 | any.wild.lab A 10.0.0.10 | '],
    ['a.b.wild.lab', types.a, '0 | a.b.wild.lab A 10.0.0.10 | '],
    ['there.wild.lab', types.a, `0 |  | ${soa('lab')}`],
    ['x.there.wild.lab', types.a, `3 |  | ${soa('lab')}`],
    ['lab', types.mx, '0 | lab MX 10 mail.lab, lab MX 20 files.lab | '],
    ['one.example.com', types.a, '0 | one.example.com A 192.0.2.1 | '],
    ['two.example.com', types.a, '5 |  | '],
    ['.', types.ns, '5 |  | '],
    ['files.lab', types.any, '0 | files.lab A 10.0.0.7 | '],
    ['lab', types.axfr, '5 |  | '],
  ])('answers %s %i', (name, type, expected) => {
    expect(said(world().ask(query(name, type)))).toBe(expected)
  })

  it('adds the addresses of the hosts that an answer names', () => {
    expect(said({ ...(world().ask(query('_http._tcp.lab', types.srv)) as wire.Message), authorities: [] })).toBe('0 | _http._tcp.lab SRV 0 5 80 files.lab | ')
    expect(world().ask(query('lab', types.mx))?.additionals.map((each) => each.name)).toEqual(['files.lab'])
  })
})

describe('dns, what is odd', () => {
  it('refuses what is no plain question', () => {
    const { ask } = world()
    expect(ask(query('lab', types.a, { opcode: 5 }))?.rcode).toBe(4)
    expect(ask(query('lab', types.a, { questions: [] }))?.rcode).toBe(1)
    expect(ask(query('lab', types.a, { questions: [{ name: 'lab', type: 16, class: 3 }] }))?.rcode).toBe(5)
    expect(ask(query('lab', types.a, { edns: edns(1232, 1) }))).toMatchObject({ rcode: 16, edns: { version: 0 } })
  })

  it('is silent to an answer, and to what has no header', () => {
    const { ask } = world()
    expect(ask(query('lab', types.a, { response: true }))).toBeUndefined()
    expect(ask(unhex('1a2b 0100 0001'))).toBeUndefined()
  })

  it('tells the sender of a broken message so, once in the log', () => {
    const { ask, lan } = world()
    for (let time = 0; time < 2; time++) expect(ask(unhex('1a2b 0100 0001 0000 0000 0000 c00c 0001 0001'))).toMatchObject({ id: 0x1a2b, rcode: 1, questions: [] })
    expect(lan.log.take().filter((each) => each.includes('dns.malformed'))).toHaveLength(1)
  })

  it('cuts a large answer to what the asker takes', () => {
    const { ask } = world()
    const short = ask(query('large.lab'))
    expect([short?.truncated, short?.answers.length]).toEqual([true, 30])
    expect(ask(query('large.lab', types.a, { edns: edns(4096) }))).toMatchObject({ truncated: false, edns: { udpBytes: 1232 } })
  })

  it('names what is near a name that does not exist', () => {
    const { ask, lan } = world()
    ask(query('file.lab'))
    ask(query('file.lab'))
    expect(lan.log.take().filter((each) => each.startsWith('info'))).toEqual(['info dns.missing: 10.0.0.100 asks for file.lab, which does not exist; there is files.lab'])
  })

  it('shows its names', () => {
    expect(world().lan.service.inspect?.()['names']).toContainEqual({ name: 'files.lab', type: 'A', ttl: 60, data: '10.0.0.7' })
  })
})

describe('dns, forwarding', () => {
  const upstream = 0x0a0000_09
  const forwarding = { ...config, forward: ['10.0.0.9', '10.0.0.8'] }

  function asked(): { lan: ReturnType<typeof serviceBench>; sent: ReturnType<ReturnType<typeof serviceBench>['heard']>[number]; answer: (more: Partial<wire.Message>, from?: number) => wire.Message | undefined } {
    const { lan } = world(forwarding)
    lan.meet(upstream, unhex('020000000009'))
    lan.say(wire.build(query('out.lab')), { port: 4000 }, { port: 53 })
    const [sent] = lan.heard()
    const question = wire.parse(sent.datagram.payload)
    const answer = (more: Partial<wire.Message>, from = upstream): wire.Message | undefined => {
      const found: wire.Record = { name: 'www.example.org', type: types.a, class: 1, ttl: 9, data: { kind: 'a', address: 0xc0000201 } }
      lan.say(wire.build({ ...question, response: true, recursionAvailable: true, answers: [found], ...more }), { address: from, port: 53, mac: unhex('020000000009') }, { port: sent.datagram.sourcePort })
      const [reply] = lan.heard()
      return reply === undefined ? undefined : wire.parse(reply.datagram.payload)
    }
    return { lan, sent, answer }
  }

  it('asks for the end of a chain outside, from a port and with an id of its own', () => {
    const { sent, answer } = asked()
    expect(wire.parse(sent.datagram.payload)).toMatchObject({ questions: [{ name: 'www.example.org', type: 1 }], recursionDesired: true })
    expect(sent.datagram.destinationPort).toBe(53)
    expect(sent.datagram.sourcePort).toBeGreaterThanOrEqual(49_152)
    const reply = answer({})
    expect(said(reply)).toBe('0 | out.lab CNAME www.example.org, www.example.org A 192.0.2.1 | ')
    expect(reply).toMatchObject({ id: 77, authoritative: false, recursionAvailable: true, edns: undefined })
  })

  it('takes only the answer to its question from the server it asked', () => {
    const { answer } = asked()
    expect(answer({ id: 1 })).toBeUndefined()
    expect(answer({}, client)).toBeUndefined()
    expect(answer({ questions: [{ name: 'other.org', type: 1, class: 1 }] })).toBeUndefined()
    expect(answer({ response: false })).toBeUndefined()
    expect(said(answer({}))).toContain('192.0.2.1')
  })

  it('asks every server twice, then says that it failed', () => {
    const { lan } = asked()
    lan.meet(0x0a000008, unhex('020000000008'))
    lan.wait(seconds(7))
    const heard = lan.heard()
    expect(heard.filter((each) => each.datagram.destinationPort === 53)).toHaveLength(3)
    expect(wire.parse(heard.at(-1)?.datagram.payload as Uint8Array)).toMatchObject({ id: 77, rcode: 2 })
    expect(lan.log.take()).toContainEqual('warn dns.no-answer: nobody answered for www.example.org, asked by 10.0.0.100')
  })

  it('does not go outside for who does not want it, nor for its own names', () => {
    const { ask } = world(forwarding)
    expect(ask(query('www.example.org', types.a, { recursionDesired: false }))?.rcode).toBe(5)
    expect(ask(query('no.lab'))?.rcode).toBe(3)
  })
})

const framed = (message: wire.Message): Uint8Array => {
  const bytes = wire.build(message)
  const length = new Uint8Array(2)
  putU16be(length, 0, bytes.length)
  return concat(length, bytes)
}

describe('dns over TCP', () => {
  it('answers several questions on one connection, however they are cut, and lets an idle one go', () => {
    const lan = served(dns, config)
    const talk = lan.dial(53)
    const both = concat(framed(query('large.lab')), framed(query('files.lab', types.a, { id: 78 })))
    for (const [from, to] of [[0, 1], [1, 40], [40, both.length]]) {
      talk.socket.write(both.subarray(from, to))
      lan.run(seconds(1))
    }
    const first = wire.parse(talk.bytes.subarray(2, 2 + u16be(talk.bytes, 0)))
    expect([first.truncated, first.answers.length]).toEqual([false, 60])
    const second = talk.bytes.subarray(2 + u16be(talk.bytes, 0))
    expect(said(wire.parse(second.subarray(2)))).toBe('0 | files.lab A 10.0.0.7 | ')
    lan.run(seconds(12))
    expect(talk.closed || talk.ended).toBe(true)
  })

  it('fetches an answer that came truncated again', () => {
    const upstream = served(dns, { ...config, domain: 'far' })
    // The upstream server is host b; the forwarding one stands on host a.
    const room = { ...upstream.room, name: 'a.dns', sockets: upstream.a.sockets, interfaces: upstream.a.views }
    dns.create(dns.parse({ domain: 'near', forward: '10.0.0.2' }), room)
    const answers: wire.Message[] = []
    const socket = upstream.a.bind({ address: '10.0.0.1', port: 4000 }, (payload) => answers.push(wire.parse(payload)))
    socket.send(wire.build(query('large.lab', types.a, { edns: edns(1232) })), { address: '10.0.0.1', port: 53 })
    upstream.run()
    expect(answers.map((each) => [each.rcode, each.answers.length])).toEqual([[0, 60]])
  })
})
