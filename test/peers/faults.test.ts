/** What a Linux guest sees of a fault: a cable that is pulled has no carrier. */
import { afterAll, describe, expect, it } from 'vitest'
import { BenchFolder } from '../cli/bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

describe('a Linux guest', () => {
  it('sees its link go down and come up again', { timeout: 60_000 }, async () => {
    const file = bench.write('carrier.yaml', `name: carrier
sim: { seed: 1, until: 20s }
networks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, dhcp: { range: 10.0.0.100-10.0.0.199 } } }
nodes: { node1: { kernel: linux, initrd: watcher, cmdline: "console=ttyS0 cryptomgr.notests", memory: 128M, networks: [lan] } }
images:
  watcher:
    initramfs:
      init: |
        #!/bin/busybox sh
        . /etc/netloom/setup
        last=
        while :; do
          now=$(cat /sys/class/net/eth0/carrier)
          [ "$now" = "$last" ] || echo "carrier is $now"
          last=$now
          sleep 0.1
        done
faults: [ { link: "node1:eth0", at: 5s, down: 2s } ]
tests:
  turns: { node: node1, dialogue: [ { expect: "carrier is 1" }, { expect: "carrier is 0" }, { expect: "carrier is 1" } ], within: 9s }
`)
    expect(await bench.call('test', file)).toMatchObject({ code: 0, out: expect.stringContaining('went through all 3 steps') })
  })
})
