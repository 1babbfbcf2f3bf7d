/** Small Debian things for tests: tar archives, packages, kernel modules, and a whole signed mirror on loopback. */
import { gzipSync } from 'node:zlib'
import { concat, latin1, putU16le, putU32le, putU64le, utf8 } from '../../../src/base/bytes.ts'

export interface TarFile {
  readonly name: string
  readonly content?: string | Uint8Array
  /** '0' file, '1' hard link, '2' link, '5' folder, 'L' GNU long name, 'x' pax. */
  readonly type?: string
  readonly target?: string
  readonly mode?: number
}

/** A ustar archive, as tar(5) lays it out. */
export function tarOf(files: readonly TarFile[]): Uint8Array {
  return concat(...files.flatMap(tarRecord), new Uint8Array(1024))
}

function tarRecord({ name, content = '', type = '0', target = '', mode = 0o644 }: TarFile): Uint8Array[] {
  const body = typeof content === 'string' ? utf8(content) : content
  const head = new Uint8Array(512)
  const put = (at: number, text: string): void => head.set(utf8(text), at)
  put(0, name)
  put(100, `${mode.toString(8).padStart(7, '0')}\0`)
  put(124, `${body.length.toString(8).padStart(11, '0')}\0`)
  put(148, '        ')
  put(156, type)
  put(157, target)
  put(257, 'ustar\x0000')
  put(148, `${head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `)
  return [head, body, new Uint8Array((512 - (body.length % 512)) % 512)]
}

/** A package: ar(5) around `debian-binary`, an empty control and the data. */
export function debOf(files: readonly TarFile[]): Uint8Array {
  return arOf([
    { name: 'debian-binary', content: latin1('2.0\n') },
    { name: 'control.tar.gz', content: gzipSync(tarOf([])) },
    { name: 'data.tar.gz', content: gzipSync(tarOf(files)) },
  ])
}

export function arOf(members: readonly { name: string; content: Uint8Array }[]): Uint8Array {
  const parts: Uint8Array[] = [latin1('!<arch>\n')]
  for (const { name, content } of members) {
    parts.push(latin1(`${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`), content)
    if (content.length % 2 === 1) parts.push(latin1('\n'))
  }
  return concat(...parts)
}

/** An ELF64 file whose only contents are the names of its sections and a .modinfo that says what it depends on. */
export function moduleOf(depends: string): Uint8Array {
  const names = latin1('\0.shstrtab\0.modinfo\0')
  const info = latin1(`license=GPL\0depends=${depends}\0name=x\0`)
  const table = 64 + names.length + info.length
  const elf = new Uint8Array(table + 3 * 64)
  elf.set(latin1('\x7fELF\x02\x01\x01'))
  putU64le(elf, 0x28, BigInt(table))
  putU16le(elf, 0x3a, 64)
  putU16le(elf, 0x3c, 3)
  putU16le(elf, 0x3e, 1)
  elf.set(names, 64)
  elf.set(info, 64 + names.length)
  const section = (index: number, name: number, at: number, length: number): void => {
    putU32le(elf, table + index * 64, name)
    putU64le(elf, table + index * 64 + 0x18, BigInt(at))
    putU64le(elf, table + index * 64 + 0x20, BigInt(length))
  }
  section(1, 1, 64, names.length)
  section(2, 11, 64 + names.length, info.length)
  return elf
}

/** Packages that stand for Debian's: the same names and paths, a few bytes each. */
export const miniature: Readonly<Record<string, { version: string; depends?: string; files: readonly TarFile[] }>> = {
  'u-boot-qemu': { version: '2025.01-3', files: [{ name: './usr/lib/u-boot/qemu-riscv64/u-boot.bin', content: 'U-BOOT M' }, { name: './usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin', content: 'U-BOOT S' }] },
  opensbi: { version: '1.6-1', files: [{ name: './usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin', content: 'SBI' }] },
  'linux-image-riscv64': { version: '6.12.1-1', depends: 'linux-image-6.12.1-riscv64 (= 6.12.1-1)', files: [] },
  'linux-image-6.12.1-riscv64': {
    version: '6.12.1-1',
    depends: 'kmod, initramfs-tools | linux-initramfs-tool',
    files: [
      { name: './boot/vmlinux-6.12.1-riscv64', content: 'IMAGE'.repeat(100) },
      { name: './boot/config-6.12.1-riscv64', content: 'CONFIG' },
      ...Object.entries({ virtio_mmio: '', virtio_blk: '', virtio_net: 'net_failover', net_failover: 'failover', failover: '', 'snd-dummy': 'snd_pcm,snd', snd_pcm: 'snd', snd: '' }).map(([name, needed]) => ({
        name: `./usr/lib/modules/6.12.1-riscv64/kernel/some/${name}.ko`,
        content: moduleOf(needed),
      })),
    ],
  },
  'busybox-static': { version: '1:1.37.0-6', files: [{ name: './usr/bin/busybox', content: '\x7fELF busybox', mode: 0o755 }] },
  iperf3: { version: '3.18-2', depends: 'libc6 (>= 2.38), libiperf0 (= 3.18-2), debconf (>= 0.5) | debconf-2.0, virtual-thing', files: [{ name: './usr/bin/iperf3', content: '\x7fELF iperf3', mode: 0o755 }, { name: './usr/share/doc/iperf3/copyright', content: 'long' }] },
  libiperf0: { version: '3.18-2', depends: 'libc6', files: [{ name: './usr/lib/libiperf.so.0.0.0', content: 'lib' }, { name: './usr/lib/libiperf.so.0', type: '2', target: 'libiperf.so.0.0.0' }] },
  libc6: { version: '2.41-1', files: [{ name: './lib/ld-linux.so.1', content: 'ld', mode: 0o755 }] },
  debconf: { version: '1.5', files: [{ name: './usr/sbin/debconf', content: 'no' }] },
}
