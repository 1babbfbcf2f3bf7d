import { describe, expect, it } from 'vitest'
import { concat, hex, latin1, unhex, utf8 } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { types } from '../../src/wire/dns-data.ts'
import * as dns from '../../src/wire/dns.ts'

const query: dns.Message = {
  id: 0x1a2b, response: false, opcode: 0, authoritative: false, truncated: false, recursionDesired: true, recursionAvailable: false, authenticData: false, checkingDisabled: false,
  rcode: 0, questions: [{ name: 'Node1.lab', type: types.a, class: 1 }], answers: [], authorities: [], additionals: [], edns: undefined,
}
const soa = { kind: 'soa', primary: 'ns.lab', mailbox: 'root.lab', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 } as const

/** Header with the given counts and flags, then the rest. */
const message = (counts: string, ...rest: readonly string[]): Uint8Array => unhex(`1a2b 0100 ${counts} ${rest.join('')}`)
const name = (text: string): string => text.split('.').map((label) => hex(Uint8Array.of(label.length)) + hex(latin1(label))).join('')

describe('dns.build and dns.parse', () => {
  it("write and read busybox's question, keeping its case", () => {
    const bytes = dns.build(query)
    expect(hex(bytes)).toBe(hex(concat(
      unhex('1a2b 0100 0001 0000 0000 0000'), // id, recursion desired, one question
      unhex('05 4e6f646531 03 6c6162 00'), // Node1.lab
      unhex('0001 0001'), // A, IN
    )))
    expect(dns.parse(bytes)).toEqual(query)
  })

  it('compress the names of the old types, and no others', () => {
    const bytes = dns.build({
      ...query,
      response: true,
      authoritative: true,
      answers: [
        { name: 'node1.lab', type: types.cname, class: 1, ttl: 60, data: { kind: 'name', name: 'www.lab' } },
        { name: 'www.lab', type: types.srv, class: 1, ttl: 60, data: { kind: 'srv', priority: 1, weight: 2, port: 80, target: 'www.lab' } },
      ],
    })
    expect(hex(bytes.subarray(27))).toBe(hex(unhex(`c00c 0005 0001 0000003c 0006 03777777 c012   c027 0021 0001 0000003c 000f 0001 0002 0050 03777777 036c6162 00`)))
  })

  it('keep every kind of record, and EDNS', () => {
    const all: dns.Message = {
      ...query,
      response: true,
      rcode: 16,
      answers: [
        { name: 'a.lab', type: types.a, class: 1, ttl: 1, data: { kind: 'a', address: 0x0a000001 } },
        { name: 'a.lab', type: types.aaaa, class: 1, ttl: 1, data: { kind: 'aaaa', address: unhex('fe80000000000000 0000000000000001') } },
        { name: 'lab', type: types.mx, class: 1, ttl: 1, data: { kind: 'mx', preference: 10, exchange: 'mail.lab' } },
        { name: 'lab', type: types.txt, class: 1, ttl: 1, data: { kind: 'txt', texts: [utf8('v=1'), utf8('')] } },
        { name: 'lab', type: 99, class: 1, ttl: 1, data: { kind: 'bytes', bytes: unhex('c00c') } },
      ],
      authorities: [{ name: 'lab', type: types.soa, class: 1, ttl: 5, data: soa }],
      additionals: [{ name: '.', type: types.ns, class: 1, ttl: 9, data: { kind: 'name', name: '.' } }],
      edns: { udpBytes: 1232, version: 0, dnssecOk: true, options: unhex('000a0008 0102030405060708') },
    }
    expect(dns.parse(dns.build(all))).toEqual(all)
  })

  it('write odd labels as text that reads back', () => {
    const odd = dns.parse(message('0001 0000 0000 0000', '04 612e5c00 01 ff 00', '0001 0001'))
    expect(odd.questions[0].name).toBe('a\\.\\\\\\000.\\255')
    expect(hex(dns.build(odd).subarray(12))).toBe('04612e5c0001ff0000010001')
  })

  it('leave out what does not fit, and say so for answers only', () => {
    const records = Array.from({ length: 40 }, (_, at): dns.Record => ({ name: 'Node1.lab', type: types.a, class: 1, ttl: 1, data: { kind: 'a', address: at } }))
    const edns = { udpBytes: 1232, version: 0, dnssecOk: false, options: new Uint8Array(0) }
    const answer = dns.build({ ...query, response: true, answers: records, edns }, 512)
    expect(answer.length).toBeLessThanOrEqual(512)
    expect(dns.parse(answer)).toMatchObject({ truncated: true, answers: records.slice(0, 29), edns })
    const extra = dns.parse(dns.build({ ...query, response: true, answers: records.slice(0, 1), additionals: records }, 512))
    expect([extra.truncated, extra.additionals.length]).toEqual([false, 29])
  })
})

describe('dns.parse', () => {
  it.each([
    ['a header cut short', unhex('1a2b 0100 0001 0000 0000')],
    ['a question that is not there', message('0001 0000 0000 0000')],
    ['a label that leads out', message('0001 0000 0000 0000', '05 6162')],
    ['a pointer to itself', message('0001 0000 0000 0000', 'c00c 0001 0001')],
    ['two pointers to each other', message('0001 0000 0000 0000', 'c00e c00c 0001 0001')],
    ['a pointer forward', message('0001 0000 0000 0000', 'c010 0001 0001 0161 00')],
    ['a pointer into a label before it that leads back', message('0001 0000 0000 0000', '01 61 c00c 0001 0001')],
    ['a label of an unknown type', message('0001 0000 0000 0000', '80 0001 0001')],
    ['a name of 256 bytes', message('0001 0000 0000 0000', name(Array(127).fill('a').join('.')), '01 61 00 0001 0001')],
    ['a record that leads out', message('0000 0001 0000 0000', '00 0001 0001 00000001 0004 0a00')],
    ['an A record of five bytes', message('0000 0001 0000 0000', '00 0001 0001 00000001 0005 0a00000100')],
    ['a CNAME with bytes behind its name', message('0000 0001 0000 0000', '00 0005 0001 00000001 0002 0000')],
    ['a TXT that leads out of its record', message('0000 0001 0000 0000', '00 0010 0001 00000001 0002 0561')],
    ['two OPT records', message('0000 0000 0000 0002', '00 0029 04d0 00000000 0000', '00 0029 04d0 00000000 0000')],
  ])('calls %s malformed', (_, bytes) => {
    expect(() => dns.parse(bytes)).toThrow(Malformed)
  })

  it('is done soon with a message that is all pointers to one long name', () => {
    const long = unhex(`${name(Array(126).fill('a').join('.'))}00 0001 0001`)
    const pointing = concat(message('ffff 0000 0000 0000'), long, ...Array.from({ length: 10_000 }, () => unhex('c00c 0001 0001')))
    expect(() => dns.parse(pointing)).toThrow(/too many names/)
  })
})

describe('dns.format', () => {
  it('says question and answer', () => {
    expect(dns.format(query)).toBe('dns 0x1a2b query Node1.lab A')
    const answers: dns.Record[] = [{ name: 'node1.lab', type: types.a, class: 1, ttl: 1, data: { kind: 'a', address: 0x0a00000a } }]
    expect(dns.format({ ...query, response: true, answers })).toBe('dns 0x1a2b answer Node1.lab A: A 10.0.0.10')
    expect(dns.format({ ...query, response: true, rcode: 3 })).toBe('dns 0x1a2b answer Node1.lab A: noSuchName')
    expect(dns.format({ ...query, response: true, truncated: true })).toBe('dns 0x1a2b answer Node1.lab A: nothing, truncated')
  })
})
