/** The shipped labs that boot other people's firmware and kernels: fetched from Debian's archive, unmodified. */
import { describe, expect, it } from 'vitest'
import { runTopology, selfContained, staysInside, topologies } from '../lab/run-topology.ts'
import { row, versionOn, type Row } from './interop.ts'

const one = (client: string, service: string, check: string): Row => ({ client, service, check })

/** By lab: who used which service, told after its tests have passed. */
const used: Readonly<Record<string, (console: string) => readonly Row[]>> = {
  'kernel.yaml': (console) => [one(`busybox udhcpc in ${versionOn(console, 'Linux version')}`, 'DHCPv4', 'lease in an initramfs, kernel.yaml')],
  'netboot.yaml': (console) => [one(versionOn(console, 'U-Boot'), 'DHCPv4', 'lease and boot file, netboot.yaml'), one(versionOn(console, 'U-Boot'), 'TFTP', 'boot script, kernel and initramfs fetched and booted, netboot.yaml')],
  'pxe.yaml': (console) => [one(versionOn(console, 'U-Boot'), 'TFTP', 'PXE: pxelinux.cfg found by its names, menu, kernel and initramfs booted, pxe.yaml')],
  'efi.yaml': (console) => [one(`EFI of ${versionOn(console, 'U-Boot')}`, 'DHCPv4', 'GRUB given by architecture (option 93), efi.yaml'), one('GRUB of Debian 13, riscv64-efi', 'TFTP', 'configuration, modules, kernel and initramfs fetched and booted, efi.yaml')],
  'installer.yaml': (console) => [one(`EFI of ${versionOn(console, 'U-Boot')}, GRUB, Debian installer`, 'DHCPv4, TFTP', 'comes to its first menu, installer.yaml')],
  'nfsroot.yaml': (console) => [one(versionOn(console, 'Linux version'), 'NFS 3', 'the root file system, kept over a reboot, nfsroot.yaml')],
  'debian.yaml': () => [one('systemd of Debian 13', 'NFS 3', 'the root file system up to login, kept over a reboot; systemctl says running, debian.yaml')],
  'services.yaml': (console) => {
    const clients = { DHCPv4: 'udhcpc: a reserved address', DNS: 'nslookup: A, PTR, CNAME, MX, a name that is not there', HTTP: 'wget, wget -c', TFTP: 'tftp -g', FTP: 'ftpget as anonymous and as a user; ftpput is refused', syslog: 'nc -u' }
    const linux = versionOn(console, 'Linux version')
    return [...Object.entries(clients).map(([service, check]) => one(`busybox in ${linux}`, service, `${check}, services.yaml`)), one(`rdate in ${linux}`, 'NTP', 'sets the clock, services.yaml')]
  },
}

/** broken.test.ts runs all of them with one command; one by one they run for what they say in docs/interop.md. */
const again = process.env['NETLOOM_INTEROP'] === undefined ? [] : topologies

describe('the labs that boot Debian', () => {
  for (const file of again.filter((one) => staysInside(one) && !selfContained(one))) {
    it(`${file} passes its tests`, async () => {
      const run = await runTopology(file, true)
      expect(run).toMatchObject({ failed: [], reason: 'tests' })
      row(...(used[file]?.(Object.values(run.consoles).join('\n')) ?? []))
    }, 600_000)
  }

  it('netboot.yaml gives the same capture and console, byte for byte, for one seed, and another for another', async () => {
    const [first, second, other] = [await runTopology('netboot.yaml', true), await runTopology('netboot.yaml', true), await runTopology('netboot.yaml', true, '43')]
    expect(second).toEqual(first)
    expect(other.failed).toEqual([])
    expect(other.capture).not.toBe(first.capture)
  }, 600_000)
})
