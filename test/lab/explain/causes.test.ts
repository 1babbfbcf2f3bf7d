import { describe, expect, it } from 'vitest'
import { latin1, unhex } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { ruleAgainst } from '../../../src/lab/explain/dhcp-causes.ts'
import { fileKind } from '../../../src/lab/explain/file-kind.ts'
import type { Message } from '../../../src/wire/dhcp.ts'
import { sentence, transfer } from './evidence-bench.ts'

const kernel = 'name: t\nnodes: { node1: { kernel: linux, cmdline: "console=ttyS0 root=/dev/vda2", memory: 64M } }\n'
const linked = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, gateway: 10.0.0.1, nfs: {} } }\nnodes: { node1: { kernel: linux, memory: 64M, networks: [lan] } }\n'.replace(', nfs: {}', '')
const offer = (more: Partial<Message> = {}): Message => ({
  op: 'reply', htype: 1, hops: 0, xid: 1, secs: 0, broadcast: false, ciaddr: 0, yiaddr: 0x0a00_000a, siaddr: 0, giaddr: 0, chaddr: unhex('02000000000a'), sname: '', file: '',
  options: [{ code: 53, data: unhex('02') }, { code: 54, data: unhex('0a000001') }, { code: 1, data: unhex('ffffff00') }], ...more,
})

describe('what the console tells', () => {
  it('out of memory', () => expect(sentence({ text: linked, console: '[    1.2] Out of memory: Killed process 1 (init)\n[    1.3] Kernel panic - not syncing: Attempted to kill init!\n' })).toBe('out-of-memory: node1 ran out of memory with 64M: "Out of memory: Killed process 1 (init)". Give it more: nodes.node1.memory: 128M.'))

  it('no root device, and a panic that follows from it', () => {
    expect(sentence({ text: kernel.replace('nodes:', 'networks: { lan: {} }\nnodes:').replace('memory: 64M', 'memory: 64M, networks: [lan]'), console: 'VFS: Cannot open root device "vda2" or unknown-block(0,0): error -6\nKernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n' })).toContain('root-missing: node1’s kernel found no root file system on /dev/vda2. node1 has no disk')
  })

  it('a share that is not there', () => expect(sentence({ text: linked, console: '9pnet_virtio: no channels available for device root\n' })).toContain('share-missing: node1 mounts the share root over 9p'))

  it('a panic', () => expect(sentence({ text: linked, console: 'Kernel panic - not syncing: No working init found.\n' })).toContain('kernel-panic: node1’s kernel panicked: "No working init found.". Its init ended or is not there'))

  it('an image that the boot loader refuses', () => {
    expect(sentence({ console: 'Bad Linux RISCV Image magic!\n', story: (story) => void story.transfers.push(transfer({ done: true, head: unhex('1f8b08000000') })) })).toContain('wrong-image: node1’s boot loader refuses vmlinuz: "Bad Linux RISCV Image magic!". Give it what the command expects')
  })

  it('NFS: export missing, refused, version, stale', () => {
    const refused = (message: string, status: number) => sentence({ text: linked, entries: [{ event: 'nfs.mount-refused', message, fields: { status } }] })
    expect(refused('10.0.0.10 can’t mount /srv/rot: it is not exported', 2)).toContain('nfs-export-missing: node1 mounts an export that is not there')
    expect(refused('10.0.0.10 can’t mount /srv/root: it is not among those let in', 13)).toContain('nfs-refused: node1 may not mount its NFS root')
    expect(sentence({ text: linked, console: 'mount.nfs: Protocol not supported\n' })).toContain('nfs-version:')
    expect(sentence({ text: linked, console: "ls: can't open '.': Stale file handle\n" })).toContain('nfs-stale:')
  })
})

describe('what a transfer tells', () => {
  const told = (more: Parameters<typeof transfer>[0]) => sentence({ story: (story) => void story.transfers.push(transfer(more)) })

  it('blocks refused, or larger than the MTU', () => {
    expect(told({ error: { code: 8, message: 'blksize', from: 'client' }, blksize: 1024 })).toContain('blksize-refused: node1 asked for vmlinuz in blocks of 1468 bytes, was granted 1024, and refused that')
    expect(told({ blksize: 8192, blocks: 1, block: 1 })).toContain('blksize-above-mtu: vmlinuz was sent to node1 in blocks of 8192 bytes')
  })

  it('a counter that wrapped', () => expect(told({ blksize: 512, blocks: 65_535, block: 65_535, acknowledged: 65_535, bytes: 65_535 * 512 })).toContain('counter-wrap: node1 stopped vmlinuz at block 65535, where TFTP’s 16-bit block number begins anew: its client does not go on behind 32 MiB'))

  it('a stall, and who fell silent', () => {
    expect(told({ blocks: 17, block: 17, acknowledged: 17, bytes: 24_956 })).toContain('transfer-stalled: the transfer of vmlinuz to node1 stopped after block 17 (24956 bytes): the server sent no more for 58.0 s')
    expect(told({ blocks: 17, block: 17, acknowledged: 16, bytes: 24_956 })).toContain('node1 did not acknowledge it')
    expect(told({})).toContain('transfer-stalled: node1 asked 10.0.0.1 for vmlinuz and never got a first block')
    expect(told({ server: '10.0.0.9' })).toContain('no-tftp-server: node1 asked 10.0.0.9 for vmlinuz')
  })

  it('a file that was not needed is not to blame', () => {
    expect(sentence({ entries: [{ event: 'tftp.missing', time: 1 as Instant, fields: { file: 'pxelinux.cfg/x' } }], story: (story) => void story.transfers.push(transfer({ done: true, head: latin1('plain') })) })).toBe('nothing')
  })
})

describe('what DHCP and DNS tell', () => {
  it('an offer that was passed over, and by which rule', () => {
    const ignored = (one: Message, vendor = '') => sentence({ story: ({ dhcp }) => void Object.assign(dhcp, { discovers: 4, offers: 4, offer: one, vendor }) })
    expect(ignored(offer({ options: [{ code: 53, data: unhex('02') }] }))).toContain('offer-ignored: node1 got 4 offers of 10.0.0.10 and asked on as if there were none: it does not say which server it is from (option 54)')
    const macs = ['02:00:00:00:00:0a']
    expect(ruleAgainst(offer(), '', undefined, macs)).toBeUndefined()
    expect(ruleAgainst(offer({ yiaddr: 0 }), '', undefined, macs)).toContain('yiaddr is 0')
    expect(ruleAgainst(offer({ chaddr: unhex('02000000000b') }), '', undefined, macs)).toContain('another MAC')
    expect(ruleAgainst(offer(), 'PXEClient:Arch:00027', undefined, macs)).toContain('no PXE offer')
    expect(ruleAgainst(offer(), 'HTTPClient', undefined, macs)).toContain('option 60')
    expect(ruleAgainst(offer(), '', 'its UDP checksum is wrong', macs)).toContain('checksum')
  })

  it('a lease that was refused', () => expect(sentence({ story: ({ dhcp }) => void Object.assign(dhcp, { discovers: 1, offers: 1, requests: 1, nak: '10.1.1.1 is not on this network' }) })).toContain('lease-refused: node1 was refused the address it wanted: 10.1.1.1 is not on this network'))

  it('a gateway where nobody is', () => {
    const lease = offer({ file: 'x', options: [...(offer().options ?? []), { code: 3, data: unhex('0a000063') }] })
    expect(sentence({ story: (story) => {
      story.dhcp.ack = lease
      story.neighbours.set('10.0.0.99', { asked: 3, macs: new Set() })
    } })).toContain('gateway-wrong: node1 was given the gateway 10.0.0.99, and nobody answers there (3 ARP requests)')
  })

  it('names: nobody answers, or they are not known', () => {
    const asked = (rcode: number | undefined) => sentence({ story: (story) => void story.questions.set('q', { name: 'files.lab', server: '10.0.0.1', asked: 3, rcode }) })
    expect(asked(undefined)).toContain('dns-wrong: node1 asked 10.0.0.1 for files.lab, and no DNS server answers there')
    expect(asked(3)).toContain('there is no such name')
    expect(asked(0)).toBe('nothing')
  })

  it('silence is a fault’s, where a fault took the packets', () => {
    const text = 'name: t\nnetworks: { lan: { subnet: 10.0.0.0/24, dhcp: {} } }\nnodes: { node1: { program: hello, networks: [lan] } }\nfaults: [ { name: rain, link: lan, loss: 100% } ]\n'
    expect(sentence({ text, story: (story) => {
      story.dhcp.discovers = 6
      story.faults.set('rain', { hits: 6, first: 'dhcp discover', time: 0 as Instant, effect: 'drop' })
    } })).toBe('lab-fault: node1 asked for an address 6 times, and no offer reached it; the lab file’s own fault rain took 6 packets, the first "dhcp discover". It does what it was asked to: take it out (faults: rain), or have the guest get over it.')
  })
})

describe('the kind of a file', () => {
  it('is told by its first bytes', () => {
    const pe = new Uint8Array(128)
    pe.set(latin1('MZ'), 0)
    pe[0x3c] = 0x40
    pe.set(latin1('PE\0\0'), 0x40)
    pe.set([0x64, 0x86], 0x44)
    expect(fileKind(pe)).toEqual({ what: 'an EFI image', machine: 'x86-64', bootable: true })
    pe.set([0x64, 0x50], 0x44)
    expect(fileKind(pe).machine).toBe('RISC-V 64')
    expect(fileKind(latin1('#!/bin/sh\n'))).toMatchObject({ bootable: false })
    expect(fileKind(new Uint8Array(0))).toMatchObject({ bootable: true, machine: undefined })
  })
})
