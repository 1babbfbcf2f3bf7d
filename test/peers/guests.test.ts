/** The same images and the same lab files under QEMU, whose user network answers DHCP and TFTP: what boots there and not here is our fault. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadImages } from '../../src/host/load-images.ts'
import { ImageStore } from '../../src/host/images/image-store.ts'
import { readLab } from '../../src/host/open-lab.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netloom-qemu-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

/** Runs QEMU until its console has said `line`, then once more until it has powered off. @returns the console. */
function boot(words: readonly string[], line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const qemu = spawn('qemu-system-riscv64', ['-M', 'virt', '-nographic', '-no-reboot', ...words])
    let console = ''
    let answered = false
    const watchdog = setTimeout(() => qemu.kill('SIGKILL'), 110_000)
    qemu.stdout.on('data', (part: Buffer) => {
      console += part.toString('latin1')
      if (answered || !console.includes(line) || !console.includes('netloom:~# ')) return
      answered = true
      qemu.stdin.write('ip -4 addr show eth0; poweroff -f\n')
    })
    qemu.on('error', reject)
    qemu.on('close', () => {
      clearTimeout(watchdog)
      resolve(console)
    })
  })
}

describe('under QEMU', () => {
  it.each(['kernel', 'netboot', 'pxe', 'efi'])('topologies/%s.yaml comes up to a shell with an address', { timeout: 120_000 }, async (name) => {
    const { topology, source } = readLab({ file: `topologies/${name}.yaml` })
    const images = await loadImages(topology, source.folder, new ImageStore())
    const [machine] = topology.machines
    if (machine.boot.kind !== 'firmware') throw new Error('no firmware')
    const { firmware, payload, kernel, initrd, cmdline } = machine.boot
    const image = (word: string): string => put(`image/${word}`, images.get(word) as Uint8Array)
    const services = topology.hosts.flatMap((host) => host.services)
    for (const [file, from] of Object.entries(services.find(({ kind }) => kind === 'tftp')?.files ?? {})) put(`tftp/${file}`, images.get(from) as Uint8Array)
    const efi = services.some(({ kind, config }) => kind === 'dhcp' && (config as { match?: unknown }).match !== undefined) ? ',bootfile=grubriscv64.efi' : ''
    const words = ['-m', `${machine.memoryBytes >> 20}M`, '-netdev', `user,id=n0,tftp=${join(folder, 'tftp')}${efi}`, '-device', 'virtio-net-device,netdev=n0']
    if (firmware !== undefined) words.push('-bios', image(firmware))
    for (const [option, word] of [['-kernel', payload ?? kernel], ['-initrd', initrd]] as const) if (word !== undefined) words.push(option, image(word))
    if (cmdline !== undefined) words.push('-append', cmdline)
    const console = await boot(words, 'netloom: shell ready')
    expect(console).toContain('netloom: shell ready')
    expect(console).toMatch(/inet 10\.0\.2\.15\/24/)
    expect(console).not.toContain('does not load')
  })
})
