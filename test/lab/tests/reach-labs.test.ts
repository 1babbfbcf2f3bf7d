import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../../src/base/time.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-tests-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
async function verdicts(tests: string, until = '20s'): Promise<string[]> {
  const file = join(folder, `lab${count++}.yaml`)
  writeFileSync(file, `name: reach
sim: { seed: 3, until: ${until} }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199, boot: { file: motd } }, tftp: { files: { motd: motd } }, dns: { records: { files.lab: 10.0.0.7 } }, http: { files: { page: motd } } } }
nodes: { node1: { program: hello, memory: 2M, networks: [lan] }, node2: { program: hello, memory: 2M, networks: [lan], depends_on: { node1: booted } } }
images: { motd: { text: "some words" } }
tests: ${tests}
`)
  const lab = await loadLab(readLab({ file }))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('the lab ended')
  return lab.verdicts.all.map(({ outcome, message }) => `${outcome}: ${message}`)
}

/** A lab of IPv6 without machines. */
async function sixVerdicts(network: string, tests: string): Promise<string[]> {
  const file = join(folder, `lab${count++}.yaml`)
  writeFileSync(file, `name: reach6
sim: { seed: 3, until: 20s }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, subnet6: fd00:1::/64, ${network} dns: { records: { files.lab: "fd00:1::7" } }, http: { files: { page: motd } } } }
images: { motd: { text: "some words" } }
tests: ${tests}
`)
  const lab = await loadLab(readLab({ file }))
  lab.endWithTests = true
  lab.run(2 ** 52 as Instant, () => true)
  lab.close('the lab ended')
  return lab.verdicts.all.map(({ outcome, message }) => `${outcome}: ${message}`)
}

describe('tests of what services did and what can be reached', () => {
  it.each([['with the gateway’s prefix', ''], ['where nothing is advertised', 'ra: false,']])('pass by IPv6, %s', async (_, network) => {
    expect(await sixVerdicts(network, '{ p: { ping: "fd00:1::1" }, t: { tcp: "[fd00:1::1]:80" }, h: { http: "http://[fd00:1::1]/page", body: "words" }, d: { dns: files.lab, answer: "fd00:1::7", server: "fd00:1::1" }, n: { ping: "fd00:1::99" } }')).toEqual([
      'passed: ping fd00:1::1: fd00:1::1 answers',
      'passed: fd00:1::1 port 80: it is open',
      'passed: http://[fd00:1::1]:80/page: status 200',
      'passed: files.lab asked at fd00:1::1: it is fd00:1::7',
      expect.stringMatching(/^failed: .*fd00:1::99/),
    ])
  })

  it('pass', async () => {
    expect(await verdicts(`{ s: { node: node1, served: motd }, f: { frames: "dhcp.offer to node1", count: ">=1" }, n: { node: node1, never: "panic" }, p: { ping: 10.0.0.1 }, t: { tcp: "10.0.0.1:80" }, h: { http: "http://lan/page", body: "words" }, d: { dns: files.lab, answer: 10.0.0.7 }, b: { node: node2, console: "/lease 10\\\\.0/" } }`)).toEqual([
      expect.stringMatching(/^passed: 10\.0\.0\.\d+ has motd, 10 bytes$/),
      'passed: 1 × dhcp.offer to node1',
      'passed: node1 never said "panic"',
      'passed: ping 10.0.0.1: 10.0.0.1 answers',
      'passed: 10.0.0.1 port 80: it is open',
      'passed: http://10.0.0.1:80/page: status 200',
      'passed: files.lab asked at 10.0.0.1: it is 10.0.0.7',
      'passed: node2 said "lease 10.0"',
    ])
  })

  it('fail with what was seen last', async () => {
    expect(await verdicts('{ s: { node: node1, served: other }, f: { frames: "dhcp.nak", count: 3 }, g: { frames: "dhcp.discover from node1", count: "<=0" }, t: { tcp: "10.0.0.1:81" }, h: { http: "http://lan/none" }, d: { dns: none.lab }, p: { ping: 10.0.0.9 }, n: { node: node1, never: "lease" } }', '6s')).toEqual([
      'failed: node1 was not served other; it asked for motd (the lab ended)',
      'failed: 0 × dhcp.nak, 3 wanted (the lab ended)',
      'failed: 1 × dhcp.discover from node1, at most 0 wanted',
      'failed: 10.0.0.1 port 81: ECONNREFUSED (the lab ended)',
      'failed: http://10.0.0.1:80/none: status 404 (the lab ended)',
      'failed: none.lab asked at 10.0.0.1: there is no such name (the lab ended)',
      'failed: ping 10.0.0.9: 10.0.0.9 does not answer (the lab ended)',
      'failed: node1 said "lease"',
    ])
  })
})
