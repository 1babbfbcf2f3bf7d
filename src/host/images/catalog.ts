/** The images that have a name: what each is, and which file of which Debian package (riscv64 port) it comes from. */

export type ImageSource =
  /** One file of a package. */
  | { readonly kind: 'member'; readonly package: string; readonly member: RegExp }
  /** Another image, compressed. */
  | { readonly kind: 'gzip'; readonly of: string }
  /** What the initramfs builder makes of an empty recipe. */
  | { readonly kind: 'initramfs' }

export interface CatalogRow {
  readonly name: string
  readonly about: string
  readonly source: ImageSource
}

export const kernelPackage = 'linux-image-riscv64'
export const busyboxPackage = 'busybox-static'

/** The installer's net-boot tree, and the only package that has GRUB linked into one EFI program: grub-efi-riscv64-bin has the parts, and putting them together takes a tool of the host's. */
const installerPackage = 'debian-installer-13-netboot-riscv64'

/** A package that is only a name for another one, with a version in it: which of its dependencies is meant. */
export const metaPackages: Readonly<Record<string, RegExp>> = { [kernelPackage]: /^linux-image-\d/ }

const member = (from: string, file: RegExp): ImageSource => ({ kind: 'member', package: from, member: file })

export const catalog: readonly CatalogRow[] = [
  { name: 'u-boot', about: 'U-Boot for M-mode, the first code of a machine', source: member('u-boot-qemu', /^usr\/lib\/u-boot\/qemu-riscv64\/u-boot\.bin$/) },
  { name: 'u-boot-s', about: 'U-Boot for S-mode, started by OpenSBI', source: member('u-boot-qemu', /^usr\/lib\/u-boot\/qemu-riscv64_smode\/u-boot\.bin$/) },
  { name: 'opensbi', about: 'OpenSBI fw_dynamic, the supervisor’s firmware', source: member('opensbi', /^usr\/lib\/riscv64-linux-gnu\/opensbi\/generic\/fw_dynamic\.bin$/) },
  { name: 'linux', about: 'Debian’s kernel as a plain Image, with EFI stub', source: member(kernelPackage, /^boot\/vmlinux-[^/]+$/) },
  { name: 'linux.gz', about: 'the same kernel, gzipped', source: { kind: 'gzip', of: 'linux' } },
  { name: 'initramfs', about: 'busybox, virtio modules and an init that ends in a shell', source: { kind: 'initramfs' } },
  { name: 'busybox', about: 'busybox, statically linked', source: member(busyboxPackage, /^usr\/bin\/busybox$/) },
  { name: 'grub-efi', about: 'GRUB as an EFI program for net boot', source: member(installerPackage, /\/debian-installer\/riscv64\/bootnetriscv64\.efi$/) },
  // GRUB asks for these below debian-installer/riscv64/grub/riscv64-efi/, at `insmod linux`.
  { name: 'grub-efi/linux.mod', about: 'GRUB’s loader for Linux', source: member(installerPackage, /\/grub\/riscv64-efi\/linux\.mod$/) },
  { name: 'grub-efi/fdt.mod', about: 'what GRUB’s loader for Linux needs', source: member(installerPackage, /\/grub\/riscv64-efi\/fdt\.mod$/) },
  { name: 'installer', about: 'Debian installer’s kernel', source: member(installerPackage, /\/debian-installer\/riscv64\/linux$/) },
  { name: 'installer/initrd', about: 'Debian installer’s initial RAM disk', source: member(installerPackage, /\/debian-installer\/riscv64\/initrd\.gz$/) },
]

export const catalogRow = (name: string): CatalogRow | undefined => catalog.find((row) => row.name === name)
