/** Linux' own NFS client, in a machine of the lab: versions 3, 4.0 and 4.1 do the same work, and lock by NLM and by version 4. Needs the network once, for the packages. Debian's kernel has no NFS over UDP. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { row, versionOn } from './interop.ts'

let folder: string
/** Of the last guest: its name and version. */
let linux = 'Linux'
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-nfs-guest-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const indent = (text: string, by: number): string => text.split('\n').map((line) => ' '.repeat(by) + line).join('\n')

/** Runs `script` in a machine that has /srv/rw to mount, to its end. @returns what it said. */
function guest(script: string, recipe = ''): string {
  const mounter = `    initramfs:\n      modules: [nfsv4, nfsv3]\n${recipe}      init: |\n${indent(`#!/bin/busybox sh\n. /etc/netloom/setup\nmkdir /a\n${script}\necho "netloom: done"\npoweroff -f`, 8)}`
  const lab = `name: guest
sim: { seed: 42 }
networks:
  lan:
    subnet: 10.0.0.0/24
    gateway: 10.0.0.1
    dhcp: { range: 10.0.0.100-10.0.0.199 }
    nfs: { exports: { /srv/rw: { image: rootfs, write: overlay, squash: none } } }
nodes:
  node1: { boot: kernel, kernel: linux, initrd: mounter, cmdline: console=ttyS0 cryptomgr.notests, memory: 256M, networks: [lan] }
images:
  mounter:
${mounter}
  rootfs: { initramfs: { files: { /hello: "hi" } } }
tests:
  done: { node: node1, console: "netloom: done", within: 120s }
`
  writeFileSync(join(folder, 'lab.yaml'), lab)
  const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'src/cli/main.ts', 'test', join(folder, 'lab.yaml'), '--logs', join(folder, 'logs'), '-y'], { encoding: 'utf8', timeout: 170_000 })
  const console = status === 0 ? readFileSync(join(folder, 'logs', 'node1.log'), 'latin1').replaceAll('\r', '') : ''
  expect(status, `${stdout}${stderr}${console.slice(-2000)}`).toBe(0)
  linux = versionOn(console, 'Linux version')
  return console.slice(console.indexOf('== '))
}

const mount = `mnt() { mount -t nfs -o "vers=$v,addr=10.0.0.1,clientaddr=10.0.0.100" 10.0.0.1:/srv/rw /a || echo FAIL; }`

const work = `${mount}
for v in 3,tcp,nolock 4.0 4.1; do
echo "== $v"; mnt; mkdir /a/w; cd /a/w
i=0; while [ $i -lt 300 ]; do : >f$i; i=$((i+1)); done; echo "names $(ls | wc -l)"; rm -f f*; echo "names $(ls | wc -l)"
head -c 1000000 /dev/urandom >big; one=$(md5sum <big); sync; echo 3 >/proc/sys/vm/drop_caches; [ "$one" = "$(md5sum <big)" ] && echo same
chown 7:8 big; chmod 4711 big; stat -c '%a %u:%g %s' big
mknod null c 1 3; echo x >null && stat -c '%F %t %T' null; mkfifo p; stat -c %F p; ln -s big l; readlink l
touch -d '2001-02-03 04:05:06' t; stat -c %Y t; ln t t2; stat -c 'links %h' t; mkdir d; mv t d/; mv big d/t; ls d; rmdir d 2>/dev/null || echo full
exec 5<>open; rm open; echo still >&5; exec 5>&-
echo a >app; echo b >>app; cat app | tr '\\n' ' '; truncate -s 100000 app; stat -c %s app
cd /; umount /a; mnt; rm -r /a/w; ls /a | grep -c w; umount /a
done`

const told = `names 300
names 0
same
4711 7:8 1000000
character special file 1 3
fifo
big
981173106
links 2
t
full
a b 100000
0`

const locks = `${mount}
ip link set lo up; ip addr add 127.0.0.1/8 dev lo 2>/dev/null; ln -s /run /var/run
mkdir -p /run/rpcbind /var/lib/nfs/sm /var/lib/nfs/sm.bak; chmod -R 777 /var/lib/nfs
rpcbind; sleep 1; rpc.statd --no-notify; sleep 1
for v in 3,tcp 4.0 4.1; do
echo "== $v"; mnt; cd /a
( flock -x 9; sleep 2; echo first ) 9>lk &
sleep 1; ( flock -n -x 8 && echo taken || echo denied ) 8>lk; ( flock -x 8; echo second ) 8>lk; wait
su nobody -s /bin/sh -c 'echo x 2>/dev/null >/a/no' 2>/dev/null || echo refused
cd /; umount /a
done`

const recipe = `      packages: [util-linux, nfs-common, rpcbind]
      files:
        /etc/passwd: "root:x:0:0::/:/bin/sh\\nnobody:x:65534:65534::/:/bin/sh\\nstatd:x:101:65534::/var/lib/nfs:/bin/sh\\n_rpc:x:102:65534::/run:/bin/sh\\n"
        /etc/netconfig: "udp tpi_clts v inet udp - -\\ntcp tpi_cots_ord v inet tcp - -\\nlocal tpi_cots_ord - loopback - - -\\n"
        /etc/services: "sunrpc 111/tcp portmapper\\nsunrpc 111/udp portmapper\\n"
        /etc/hosts: "127.0.0.1 localhost\\n"
`

describe('Linux in the lab', () => {
  it('works alike over versions 3, 4.0 and 4.1', { timeout: 180_000 }, () => {
    const said = guest(work).split(/^== /m).slice(1).map((part) => part.split('\n'))
    expect(said.map(([version]) => version)).toEqual(['3,tcp,nolock', '4.0', '4.1'])
    for (const [version, ...lines] of said) expect(lines.filter((line) => line !== '' && !/^\[|^netloom:/.test(line)).join('\n'), version).toBe(told)
    for (const version of ['3', '4.0', '4.1']) row({ client: linux, service: `NFS ${version}`, check: 'mount over TCP; 300 files made and removed, a megabyte read back past the cache, owners, modes, devices, pipes, links, rename, append, truncate, an open file removed' })
  })

  it('locks by NLM and by version 4, and who waits has his turn', { timeout: 180_000 }, () => {
    const said = guest(locks, recipe).split(/^== /m).slice(1).map((part) => part.split('\n').filter((line) => line !== '' && !/^\[|^netloom:/.test(line)))
    expect(said).toEqual(['3,tcp', '4.0', '4.1'].map((version) => [version, 'denied', 'first', 'second', 'refused']))
    row({ client: linux, service: 'NFS 3', check: 'locks by NLM and NSM: refused at once, or in their turn' })
    for (const version of ['4.0', '4.1']) row({ client: linux, service: `NFS ${version}`, check: 'locks: refused at once, or in their turn' })
  })

  it('runs from a root over version 4.1, which outlives its restart', { timeout: 180_000 }, () => {
    const changes = [['modules: [nfsv3]', 'modules: [nfsv4]'], ['vers=3,tcp,nolock,rsize=65536,wsize=65536', 'vers=4.1,addr=10.0.0.1,clientaddr=10.0.0.100'], ['/ nfs.*', '/ nfs4.*vers=4.1.*']] as const
    const lab = changes.reduce((text, [from, to]) => text.replace(from, to), readFileSync('topologies/nfsroot.yaml', 'utf8'))
    writeFileSync(join(folder, 'lab.yaml'), lab)
    const { status, stdout, stderr } = spawnSync('node', ['--import', 'tsx', 'src/cli/main.ts', 'test', join(folder, 'lab.yaml')], { encoding: 'utf8', timeout: 170_000 })
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect(stdout).toContain('boot 2 from 10.0.0.1:/srv/root')
    row({ client: linux, service: 'NFS 4.1', check: 'the root file system, kept over a reboot of the guest' })
  })
})
