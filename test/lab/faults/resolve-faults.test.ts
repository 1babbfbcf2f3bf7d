import { describe, expect, it } from 'vitest'
import { read, refusal } from '../dictionary.ts'

const head = 'name: t\nnetworks: { lan: { gateway: 10.0.0.1 } }\nnodes: { a: { program: hello, networks: [lan] }, b: { program: hello, networks: [lan] }, c: { program: hello } }\nlinks: [ "b-c" ]\n'
const faults = (list: string) => read(`${head}faults: ${list}`).faults

describe('faults in a lab file', () => {
  it('name their interfaces', () => {
    expect(faults('[ { link: "a:eth0", at: 2s, down: 500ms } ]')).toMatchObject([{ name: 'f1', at: 2e9, span: 5e8, what: { kind: 'down' }, ports: [{ port: 'a:eth0', way: 'out' }, { port: 'a:eth0', way: 'in' }] }])
    expect(faults('[ { link: lan, loss: 5% } ]')[0].ports.map(({ port, way }) => `${port} ${way}`)).toEqual(['a:eth0 out', 'b:eth0 out', 'lan:eth0 out'])
    expect(faults('[ { link: "b-c", loss: 5% } ]')[0].ports.map(({ port, way }) => `${port} ${way}`)).toEqual(['b:eth1 out', 'c:eth0 out'])
  })

  it('look at each packet once', () => {
    expect(faults('[ { match: "tftp.data to a", nth: 3 } ]')).toMatchObject([{ ports: [{ port: 'a:eth0', way: 'in' }], what: { kind: 'match', act: { kind: 'drop' } } }])
    expect(faults('[ { match: "dhcp.discover from a" } ]')[0].ports).toEqual([{ port: 'a:eth0', way: 'out' }])
    expect(faults('[ { match: "arp" } ]')[0].ports.every(({ way }) => way === 'out')).toBe(true)
  })

  it('pick first, every, nth, between', () => {
    const picks = (text: string) => (faults(`[ { match: arp, ${text} } ]`)[0].what as { pick: object }).pick
    expect(picks('first: 2')).toMatchObject({ between: [1, 2] })
    expect(picks('nth: [3, 5]')).toMatchObject({ nth: new Set([3, 5]) })
    expect(picks('between: "3..7", chance: 50%')).toMatchObject({ between: [3, 7], chance: 0.5 })
    expect(picks('every: 4')).toMatchObject({ every: 4 })
  })

  it('come from impair:, too', () => {
    const text = head.replace('links: [ "b-c" ]', 'links: [ { endpoints: [b, c], impair: { delay: 10ms, jitter: 2ms, loss: 1%, rate: 10Mbit } } ]')
    expect(read(text).faults).toMatchObject([{ name: 'links[0].impair', what: { kind: 'impair', faults: { delay: 1e7, jitter: 2e6, loss: 0.01, rateBps: 1e7 } }, ports: [{ port: 'b:eth1', way: 'out' }, { port: 'c:eth0', way: 'out' }] }])
    expect(read(head.replace('gateway: 10.0.0.1', 'gateway: 10.0.0.1, impair: { loss: 2% }')).faults[0].ports).toHaveLength(3)
    expect(read(head.replace('a: { program: hello, networks: [lan] }', 'a: { program: hello, networks: { lan: { impair: { loss: 2% } } } }')).faults[0]).toMatchObject({ name: 'nodes.a.networks.lan.impair', ports: [{ port: 'a:eth0', way: 'out' }, { port: 'a:eth0', way: 'in' }] })
  })

  it('are refused where they make no sense, at their line', () => {
    const refused = (list: string): string => refusal(`${head}faults: ${list}`)
    expect(refused('[ { link: "a:eth9", down: 1s } ]')).toBe('lab.yaml:5:19: faults[0].link: there is no interface, node, network or link "a:eth9" | did you mean "a:eth0"?')
    expect(refused('[ { at: 2s } ]')).toContain('this fault does nothing')
    expect(refused('[ { link: a, down: 1s, loss: 1% } ]')).toContain('does not go with down')
    expect(refused('[ { link: a, loss: 1%, nth: 3 } ]')).toContain('goes with match only')
    expect(refused('[ { match: "tftp.dta to a" } ]')).toContain('did you mean "data"?')
    expect(refused('[ { match: "tftp.data to d" } ]')).toContain('there is no node "d"')
    expect(refused('[ { match: arp, between: "7..3" } ]')).toContain('holds no packet')
    expect(refused('[ { match: arp, nth: 0 } ]')).toContain('counted from 1')
    expect(refused('[ { link: a, loss: 90%, burst: 3 } ]')).toContain('runs of 3 packets')
    expect(refused('[ { name: x, link: a, down: 1s }, { name: x, link: a, down: 1s } ]')).toContain('two faults called "x"')
    expect(refused('[ { link: a, los: 1% } ]')).toContain('did you mean "loss"?')
    expect(refused('[ { link: a, loss: 1 } ]')).toContain('with its unit')
  })
})
