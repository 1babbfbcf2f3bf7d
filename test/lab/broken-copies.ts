/** A broken copy of every shipped lab: one slip of the kind that people make, and what must be said of it. */

export interface BrokenCopy {
  /** What the file says, and the slip in its place. */
  readonly slip: readonly [string, string]
  readonly cause: string
  /** Part of the sentence. */
  readonly says: string
}

export const brokenCopies: Readonly<Record<string, BrokenCopy>> = {
  'bridge.yaml': { slip: ['within: 60s', 'within: 20s'], cause: 'no-dhcp-server', says: 'there is no DHCP server on lan' },
  'debian.yaml': { slip: ['        /srv/root: {', '        /srv/roots: {'], cause: 'nfs-export-missing', says: 'can’t mount /srv/root: it is not exported; there is /srv/roots.' },
  'e1000.yaml': { slip: ['        initrd.img: with-e1000', '        initrd: with-e1000'], cause: 'file-not-found', says: 'node1 asked tftp for initrd.img, which is not there' },
  'efi.yaml': { slip: ['        grubriscv64.efi: grub-efi', '        grubriscv.efi: grub-efi'], cause: 'file-not-found', says: 'node1 asked tftp for grubriscv64.efi, which is not there; there is grubriscv.efi' },
  'hello.yaml': { slip: ['orders: orders }', 'order: orders }'], cause: 'file-not-found', says: 'node1 asked tftp for orders, which is not there; there is order. Name what is there (dhcp.boot.file: order)' },
  'hostfs.yaml': { slip: ['tag: root, write', 'tag: roots, write'], cause: 'share-missing', says: 'node1 mounts the share root over 9p, and it is given none of that tag' },
  'installer.yaml': { slip: ['        debian-installer/riscv64/bootnetriscv64.efi: grub-efi', '        debian-installer/riscv64/bootnetriscv.efi: grub-efi'], cause: 'file-not-found', says: 'node1 asked tftp for debian-installer/riscv64/bootnetriscv64.efi, which is not there; there is debian-installer/riscv64/bootnetriscv.efi' },
  'internet.yaml': { slip: ['    host_loopback: true\n', ''], cause: 'nat-refused', says: 'node1 did not reach 10.0.0.1:8022 through NAT: nothing listens there; this computer' },
  'ipv6.yaml': { slip: ['    initrd: own\n', ''], cause: 'root-missing', says: 'node1’s kernel found no root file system. node1 has no disk: add disks:, or boot an initramfs (initrd: initramfs).' },
  'kernel.yaml': { slip: ['    initrd: initramfs\n', ''], cause: 'root-missing', says: 'node1’s kernel found no root file system. node1 has no disk: add disks:, or boot an initramfs (initrd: initramfs).' },
  'magic.yaml': { slip: ['    initrd: sender\n    cmdline: console=ttyS0 cryptomgr.notests quiet\n    memory: 512M\n    magic: { share: ./magic, write: true }\n', '    cmdline: console=ttyS0 cryptomgr.notests\n'], cause: 'root-missing', says: 'node1’s kernel found no root file system' },
  'netboot.yaml': { slip: ['        initrd.img: initramfs', '        initrd: initramfs'], cause: 'file-not-found', says: 'node1 asked tftp for initrd.img, which is not there. Put initrd.img under tftp.files or its root.' },
  'nfsroot.yaml': { slip: ['        /srv/root: {', '        /srv/roots: {'], cause: 'nfs-export-missing', says: 'can’t mount /srv/root: it is not exported; there is /srv/roots. Name it under nfs.exports, or mount one of those that are.' },
  'pxe.yaml': { slip: ['        pxelinux.cfg/default: menu', '        pxelinux.cfg/defualt: menu'], cause: 'file-not-found', says: 'node1 asked tftp for pxelinux.cfg/default, which is not there; there is pxelinux.cfg/defualt' },
  'serial.yaml': { slip: ['  initrd: line\n', ''], cause: 'root-missing', says: 'kernel found no root file system' },
  'services.yaml': { slip: ['{ cname: files.lab }', '{ cname: flies.lab }'], cause: 'dns-wrong', says: 'www.lab' },
  'tunnel.yaml': { slip: ['router: 10.0.0.1\n', 'router: 10.0.0.77\n'], cause: 'gateway-wrong', says: 'node1 was given the gateway 10.0.0.77, and nobody answers there' },
}
