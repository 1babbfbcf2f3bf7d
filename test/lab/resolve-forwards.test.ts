import { describe, expect, it } from 'vitest'
import { read, refusal } from './dictionary.ts'

const lan = 'networks: { lan: { nat: true } }\n'

describe('nat in a lab file', () => {
  it('makes a gateway, real time, and leases that lead to it', () => {
    const lab = read('networks: { lan: { subnet: 10.0.0.0/24, nat: true, host_loopback: true, dhcp: { domain: lab } } }')
    expect(lab.networks[0].nat).toEqual({ gateway: '10.0.0.1', hostLoopback: true })
    expect(lab.sim.clock).toBe('realtime')
    expect(lab.hosts[0].services[0].config).toEqual({ router: '10.0.0.1', dns: '10.0.0.1', domain: 'lab' })
  })

  it('leaves a router that the file names alone', () => {
    const lab = read('networks: { lan: { nat: true, dhcp: { router: 10.77.0.9 } } }')
    expect(lab.hosts[0].services[0].config).toMatchObject({ router: '10.77.0.9', dns: '10.77.0.1' })
  })

  it('is closed to loopback unless it is opened, and nothing else is realtime', () => {
    expect(read(lan).networks[0].nat?.hostLoopback).toBe(false)
    expect(read('networks: { lan: { nat: false } }')).toMatchObject({ sim: { clock: 'virtual' }, networks: [{ nat: undefined }] })
  })

  it('does not go with a virtual clock, nor host_loopback without it', () => {
    expect(refusal(`sim: { clock: virtual }\n${lan}`)).toContain('the NAT of lan needs the outside’s time')
    expect(refusal('networks: { lan: { host_loopback: true } }')).toContain('goes with nat: true only')
  })
})

describe('ports of a node', () => {
  it('are ports of this computer that lead to it', () => {
    const lab = read(`${lan}nodes: { a: { networks: [lan], ports: ["2222:22", "0.0.0.0:5353:53/udp", "./web.sock:80"] } }`)
    expect(lab.machines[0].forwards).toEqual([
      { protocol: 'tcp', at: { host: '127.0.0.1', port: 2222 }, port: 22 },
      { protocol: 'udp', at: { host: '0.0.0.0', port: 5353 }, port: 53 },
      { protocol: 'tcp', at: { path: './web.sock' }, port: 80 },
    ])
  })

  it('are refused with what was expected', () => {
    expect(refusal(`${lan}nodes: { a: { networks: [lan], ports: ["22"] } }`)).toContain('found "22", expected this computer\'s port and the guest\'s')
    expect(refusal('networks: { lan: }\nnodes: { a: { networks: [lan], ports: ["2222:22"] } }')).toContain('forwarded ports need a network with NAT')
    expect(refusal(`${lan}nodes: { a: { networks: [lan], ports: ["2222:22"] }, b: { networks: [lan], ports: ["2222:80"] } }`)).toContain("127.0.0.1:2222 is a's already")
  })
})
