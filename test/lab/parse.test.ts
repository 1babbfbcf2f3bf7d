import { describe, expect, it } from 'vitest'
import { read, refusal } from './dictionary.ts'

/** The MAC that a node gets from a seed. */
const mac = (seed: number): string => read(`name: t\nsim: { seed: ${seed} }\nnetworks: { lan: }\nnodes: { a: { networks: [lan] } }`).machines[0].nics[0].mac

describe('a lab file that is right', () => {
  it('gives every omitted thing a stable value', () => {
    const text = 'name: t\nsim: { seed: 7 }\nnetworks: { lan: { tftp: {} } }\nnodes: { a: { networks: [lan] }, b: { networks: [lan] } }\n'
    const lab = read(text)
    expect(lab).toEqual(read(text))
    expect(lab.networks[0]).toEqual({ name: 'lan', mode: 'switch', subnet: { network: '10.77.0.0', prefix: 24 }, latency: 5000 })
    expect(lab.hosts[0].nics[0].address).toEqual({ address: '10.77.0.1', prefix: 24 })
    expect(lab.machines[0]).toMatchObject({ name: 'a', kind: 'rv64', memoryBytes: 268435456, cpus: 1, boot: { kind: 'firmware', firmware: 'opensbi', payload: 'u-boot-s' } })
    const macs = [...lab.machines, ...lab.hosts].flatMap((one) => one.nics.map((nic) => nic.mac))
    expect(new Set(macs).size).toBe(3)
    for (const mac of macs) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/)
  })

  it('derives other MACs from another seed', () => {
    expect(mac(1)).toBe(mac(1))
    expect(mac(1)).not.toBe(mac(2))
  })

  it('lays defaults under kinds under nodes', () => {
    const lab = read('defaults: { memory: 64M, cpus: 2 }\nkinds: { big: { memory: 1G } }\nnodes: { a: { kind: big, cpus: 4 }, b: }')
    expect(lab.machines.map(({ memoryBytes, cpus }) => [memoryBytes, cpus])).toEqual([[2 ** 30, 4], [2 ** 26, 2]])
  })

  it('takes what each cpu can do, rv64gc when nothing is said', () => {
    expect(read('kinds: { rich: { cpu: rva22 } }\nnodes: { a: { kind: rich }, b: }').machines.map(({ cpu }) => cpu)).toEqual(['rva22', 'rv64gc'])
  })

  it('puts what the file says under a kernel: OpenSBI, our own SBI, or nothing', () => {
    const { machines } = read('nodes: { a: { kernel: linux, firmware: opensbi }, b: { kernel: linux, firmware: sbi }, c: { kernel: linux, firmware: none }, d: { kernel: linux } }')
    expect(machines.map(({ boot }) => boot)).toMatchObject([{ firmware: 'opensbi', sbi: false }, { firmware: undefined, sbi: true }, { firmware: undefined, sbi: false }, { firmware: undefined, sbi: true }])
  })

  it("takes containerlab's wrapper and every spelling of a link", () => {
    const lab = read('topology:\n  nodes: { a: , b-c: }\n  links:\n    - a-b-c\n    - [a, b-c]\n    - endpoints: ["a:eth5", "b-c:eth9"]\n      latency: 1ms\n      rate: 10Mbit\n')
    expect(lab.links).toEqual([
      { ends: [{ node: 'a', nic: 'eth0' }, { node: 'b-c', nic: 'eth0' }], latency: 5000, rateBps: undefined },
      { ends: [{ node: 'a', nic: 'eth1' }, { node: 'b-c', nic: 'eth1' }], latency: 5000, rateBps: undefined },
      { ends: [{ node: 'a', nic: 'eth5' }, { node: 'b-c', nic: 'eth9' }], latency: 1_000_000, rateBps: 10_000_000 },
    ])
  })

  it('puts variables in, but not into text of another language', () => {
    const lab = read('name: ${NAME:-t}\nsim:\n  seed: ${SEED}\nnodes: { a: { kernel: linux, cmdline: "cost $$5" } }\nimages: { boot.scr: { script: "tftp ${kernel_addr_r}" } }', {}, { SEED: '9' })
    expect([lab.name, lab.sim.seed]).toEqual(['t', '9'])
    expect(lab.machines[0].boot).toMatchObject({ cmdline: 'cost $5' })
    expect(lab.images['boot.scr']).toEqual({ kind: 'script', script: 'tftp ${kernel_addr_r}' })
  })

  it('lays included files under the one that includes them', () => {
    const lab = read('include: base.yaml\nsim: { seed: 2 }', { 'base.yaml': 'name: base\nsim: { seed: 1, until: 3s }\nnodes: { a: }' })
    expect([lab.name, lab.sim.seed, lab.sim.until, lab.machines.length]).toEqual(['base', '2', 3_000_000_000, 1])
  })

  it('passes over x-* keys, anchors and merge keys', () => {
    const lab = read('x-big: &big { memory: 1G }\nnodes:\n  a: { <<: *big, x-note: 1 }')
    expect(lab.machines[0].memoryBytes).toBe(2 ** 30)
  })

  it('makes hosts of gateways and of nodes of kind service', () => {
    const lab = read('networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.254, dhcp: true } }\nnodes: { srv: { kind: service, networks: { lan: { address: 10.0.0.2 } }, tftp: { root: ./x, files: { k: linux } } } }')
    expect(lab.hosts.map(({ name, nics, services }) => [name, nics[0].address?.address, services.map((one) => one.name)])).toEqual([['lan', '10.0.0.254', ['lan.dhcp']], ['srv', '10.0.0.2', ['srv.tftp']]])
    expect(lab.hosts[1].services[0]).toMatchObject({ config: { root: './x' }, files: { k: 'linux' } })
  })

  it('reads tests', () => {
    const lab = read('nodes: { a: , b: }\ntests: { c: { node: a, console: "hi", within: 3s }, l: { node: a, lease: 10.0.0.9 }, p: { from: a, to: b, count: 3, loss: 50% } }')
    expect(lab.tests).toEqual([
      { name: 'c', within: 3e9, kind: 'console', node: 'a', pattern: { text: 'hi', expression: undefined } },
      { name: 'l', within: undefined, kind: 'lease', node: 'a', address: '10.0.0.9' },
      { name: 'p', within: undefined, kind: 'ping', from: 'a', to: 'b', count: 3, loss: 0.5 },
    ])
  })
})

describe('a lab file that is wrong is refused at its line', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an unknown key', 'nodes:\n  a:\n    memroy: 64M', 'lab.yaml:3:5: unknown key "memroy" in nodes.a | did you mean "memory"?'],
    ['an unknown key at the top', 'node: {}', 'lab.yaml:1:1: unknown key "node" at the top of the lab file | did you mean "nodes"?'],
    ['a bare number where a unit belongs', 'nodes: { a: { memory: 64 } }', 'lab.yaml:1:23: nodes.a.memory: found 64, expected a size with its unit, like 64M'],
    ["Compose's word", 'services: {}', 'lab.yaml:1:1: in this tool the word is nodes | rename "services:" to "nodes:"; service points stand under networks.NAME'],
    ['a network that is not there', 'networks: { lan: }\nnodes: { a: { networks: [lna] } }', 'lab.yaml:2:26: nodes.a.networks[0]: there is no network "lna" | did you mean "lan"?'],
    ['a list for a mapping', 'nodes: [a]', 'lab.yaml:1:8: nodes: found a list, expected a mapping'],
    ['a wrong word', 'sim: { clock: vrtual }', 'lab.yaml:1:15: sim.clock: found "vrtual", expected virtual or realtime | did you mean "virtual"?'],
    ['what is not there yet', 'networks: { lan: { smb: true } }', 'lab.yaml:1:20: the smb service point: not yet in this version | take "smb" out; README\'s "Not yet" lists what is missing'],
    ['a key written twice', 'sim: { seed: 1 }\nsim: { seed: 2 }', 'lab.yaml:2:1: the key "sim" is written twice; it was first at line 1'],
    ['a cpu that is not there', 'nodes: { a: { cpu: rva23 } }', 'lab.yaml:1:20: nodes.a.cpu: found "rva23", expected rv64gc or rva22 | did you mean "rva22"?'],
    ['a key of a NIC', 'networks: { lan: }\nnodes: { a: { networks: { lan: { mca: x } } } }', 'lab.yaml:2:34: unknown key "mca" in nodes.a.networks.lan | did you mean "mac"?'],
    ['an alias in itself', 'nodes: &a [*a]', 'lab.yaml:1:12: the alias *a contains itself'],
    ['a variable without a value', 'name: ${X}', 'lab.yaml:1:7: the variable X has no value | set it (X=… netloom …) or give a default: ${X:-value}'],
    ['an image that is not there', 'nodes: { a: { kernel: linx } }', 'lab.yaml:1:23: nodes.a.kernel: there is no image "linx" | did you mean "linux"?'],
    ['a circle of dependencies', 'nodes: { a: { depends_on: [b] }, b: { depends_on: [a] } }', 'lab.yaml:1:27: nodes.a.depends_on: waits for itself: a → b → a'],
    ['overlapping subnets', 'networks: { a: { subnet: 10.0.0.0/24 }, b: { subnet: 10.0.0.0/25 } }', 'lab.yaml:1:54: networks.b.subnet: 10.0.0.0/25 overlaps the subnet of a'],
    ['host bits in a subnet', 'networks: { a: { subnet: 10.0.0.1/24 } }', 'lab.yaml:1:26: networks.a.subnet: "10.0.0.1/24" has host bits set | did you mean "10.0.0.0/24"?'],
    ['a gateway outside', 'networks: { a: { subnet: 10.0.0.0/24, gateway: 10.0.1.1 } }', 'lab.yaml:1:48: networks.a.gateway: 10.0.1.1 is not in 10.0.0.0/24 | e.g. 10.0.0.1'],
    ['a service that complains', 'networks:\n  lan:\n    dhcp:\n      wrong: 1', 'lab.yaml:4:14: networks.lan.dhcp.wrong: that is wrong | leave it out'],
    ['two cables on one interface', 'nodes: { a: , b: , c: }\nlinks: [["a:eth1", b], ["a:eth1", c]]', 'lab.yaml:2:25: links[1][0]: a:eth1 already has a cable'],
    ['the same MAC twice', 'networks: { l: }\nnodes: { a: { networks: { l: { mac: "02:00:00:00:00:01" } } }, b: { networks: { l: { mac: "02:00:00:00:00:01" } } } }', 'lab.yaml:2:91: nodes.b.networks.l.mac: 02:00:00:00:00:01 is another interface\'s already'],
    ['a broken file', 'nodes: {', 'lab.yaml:1:9: Flow map in block collection must be sufficiently indented and end with a } | check the indentation and quotes at that line'],
    ['no mapping at all', '- a', 'lab.yaml:1:1: a lab file is a mapping, found a list'],
    ['an include that is not there', 'include: x.yaml', 'lab.yaml:1:10: cannot include "x.yaml": ENOENT'],
    ['a test that asserts nothing', 'nodes: { a: }\ntests: { t: { within: 1s } }', 'lab.yaml:2:10: tests.t: asserts nothing | write console: "text", lease: 10.0.0.10, or from: and to: for a ping'],
    ['a contradiction in one node', 'nodes: { a: { program: hello, kernel: linux } }', 'lab.yaml:1:31: nodes.a.kernel: a node with a program has no use for it | take one of them out'],
  ]
  for (const [what, text, sentence] of cases) it(what, () => expect(refusal(text)).toBe(sentence))

  it('and an include that includes itself', () => {
    expect(refusal('include: a.yaml', { 'a.yaml': 'include: a.yaml' })).toBe('a.yaml:1:10: "a.yaml" includes itself: lab.yaml → a.yaml → a.yaml')
  })
})

describe('a hostile lab file costs little', () => {
  it('nested ten thousand deep', () => expect(refusal('['.repeat(10_000))).toMatch(/nested|Flow/))
  it('of two megabytes', () => expect(refusal(`# ${'x'.repeat(2 << 20)}`)).toMatch(/may have 1048576/))
  it('with a billion laughs', () => {
    const lines = ['x-0: &x0 [a, a, a, a, a, a, a, a, a]']
    for (let level = 1; level < 9; level++) lines.push(`x-${level}: &x${level} [${Array.from({ length: 9 }, () => `*x${level - 1}`).join(', ')}]`)
    expect(refusal(lines.join('\n'))).toMatch(/more than 100000 parts/)
  })
  it('with twenty thousand keys', () => expect(refusal(Array.from({ length: 20_000 }, (_, at) => `k${at}: 1`).join('\n'))).toMatch(/unknown key "k0"/))
  it('with keys of JavaScript', () => expect(refusal('__proto__: { a: 1 }\nconstructor: 1')).toMatch(/unknown key "__proto__"/))
})
