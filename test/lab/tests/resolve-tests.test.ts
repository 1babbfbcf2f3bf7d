import { describe, expect, it } from 'vitest'
import { read, refusal } from '../dictionary.ts'

const head = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1 } }\nnodes: { a: { program: hello, networks: [lan] }, b: { program: hello, networks: [lan] } }\n'
const test = (text: string) => read(`${head}tests: { t: ${text} }`).tests[0]
const refused = (text: string): string => refusal(`${head}tests: { t: ${text} }`)

describe('tests in a lab file', () => {
  it('know texts and regular expressions', () => {
    expect(test('{ node: a, console: "login:" }')).toMatchObject({ kind: 'console', pattern: { text: 'login:', expression: undefined } })
    expect(test('{ node: a, never: "/panic.*sync/i" }')).toMatchObject({ kind: 'never', pattern: { expression: { source: 'panic.*sync', flags: 'i' } } })
    expect(test('{ node: a, console: "/sbin/init" }')).toMatchObject({ pattern: { expression: undefined } })
    expect(refused('{ node: a, console: "/(/" }')).toContain('tests.t.console: Invalid regular expression')
  })

  it('know dialogues', () => expect(test('{ node: a, dialogue: [ { expect: "login:" }, { send: "root\\n" } ] }')).toMatchObject({ kind: 'dialogue', steps: [{ expect: { text: 'login:' } }, { send: 'root\n' }] }))

  it('count frames', () => {
    expect(test('{ frames: "tftp.data to a", count: 3 }')).toMatchObject({ kind: 'frames', ports: [{ port: 'a:eth0', way: 'in' }], least: 3, most: 3 })
    expect(test('{ frames: arp, count: ">=2" }')).toMatchObject({ least: 2, most: undefined })
    expect(test('{ frames: arp, count: "<=2" }')).toMatchObject({ least: 0, most: 2 })
    expect(test('{ frames: arp, count: "2..4" }')).toMatchObject({ least: 2, most: 4 })
    expect(test('{ frames: arp }')).toMatchObject({ least: 1, most: undefined })
  })

  it('try to reach somebody from a host of the lab', () => {
    expect(test('{ tcp: "a:22" }')).toMatchObject({ kind: 'reach', network: 'lan', reach: { kind: 'tcp', target: 'a', port: 22 } })
    expect(test('{ http: "http://lan:8080/x", status: 404 }')).toMatchObject({ reach: { kind: 'http', target: '10.0.0.1', port: 8080, path: '/x', status: 404 } })
    expect(test('{ dns: files.lab, answer: 10.0.0.1 }')).toMatchObject({ reach: { kind: 'dns', server: '10.0.0.1', name: 'files.lab', answer: '10.0.0.1' } })
    expect(test('{ ping: 10.0.0.7 }')).toMatchObject({ network: 'lan', reach: { kind: 'ping', target: '10.0.0.7' } })
    expect(read(`${head}tests: { t: { ping: a } }`).hosts.find(({ name }) => name === 'probe.lan')?.nics[0].address).toEqual({ address: '10.0.0.254', prefix: 24 })
    expect(read(`${head}tests: { t: { from: a, to: b } }`).hosts.map(({ name }) => name)).toEqual(['lan'])
  })

  it('are refused at their line', () => {
    expect(refused('{ node: a, console: x, lease: true }')).toContain('does not go with console')
    expect(refused('{ node: a, console: x, count: 2 }')).toContain('does not go with console, node')
    expect(refused('{ node: a, dialogue: [] }')).toContain('a dialogue has a step or more')
    expect(refused('{ node: a, dialogue: [ { expct: x } ] }')).toContain('dialogue[0].expect')
    expect(refused('{ frames: "tfpt.data" }')).toContain('did you mean "tftp"?')
    expect(refused('{ frames: "arp to c" }')).toContain('there is no node "c"')
    expect(refused('{ tcp: "a" }')).toContain('expected node:port')
    expect(refused('{ http: "ftp://a/" }')).toContain('expected a URL')
    expect(refused('{ ping: "fd00::1" }')).toContain('lan has no IPv6')
    expect(refused('{ ping: c }')).toContain('there is no node "c"')
    expect(refused('{ node: lan, console: x }')).toContain('there is no node "lan"')
    expect(refused('{ within: 3s }')).toContain('asserts nothing')
  })
})
