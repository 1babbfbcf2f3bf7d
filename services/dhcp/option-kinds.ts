/** DHCP options by code: their names in a lab file and what their data is made of. RFC 2132 and the registry "DHCP Option Codes". */

/**
 * `ip`, `u8`…: one; `ips`, `u16s`…: one or more. `pairs`: address and mask, `address/prefix` in text. `routes`: RFC 3442.
 * `domains`: RFC 1035 names (RFC 3397). `nested`: codes and lengths of their own, as in 43. `bytes`: anything.
 */
export type OptionType = 'ip' | 'ips' | 'pairs' | 'routes' | 'u8' | 'u8s' | 'u16' | 'u16s' | 'u32' | 'i32' | 'bool' | 'text' | 'domains' | 'nested' | 'bytes'

export interface OptionKind {
  readonly code: number
  readonly name: string
  readonly type: OptionType
}

const rows: readonly (readonly [number, string, OptionType])[] = [
  [1, 'subnet-mask', 'ip'],
  [2, 'time-offset', 'i32'],
  [3, 'router', 'ips'],
  [4, 'time-server', 'ips'],
  [5, 'name-server', 'ips'],
  [6, 'dns-server', 'ips'],
  [7, 'log-server', 'ips'],
  [9, 'lpr-server', 'ips'],
  [12, 'host-name', 'text'],
  [13, 'boot-file-size', 'u16'],
  [15, 'domain-name', 'text'],
  [16, 'swap-server', 'ip'],
  [17, 'root-path', 'text'],
  [18, 'extensions-path', 'text'],
  [19, 'ip-forwarding', 'bool'],
  [20, 'non-local-source-routing', 'bool'],
  [21, 'policy-filter', 'pairs'],
  [22, 'max-datagram-reassembly', 'u16'],
  [23, 'default-ttl', 'u8'],
  [24, 'mtu-timeout', 'u32'],
  [25, 'mtu-plateau', 'u16s'],
  [26, 'interface-mtu', 'u16'],
  [27, 'all-subnets-local', 'bool'],
  [28, 'broadcast-address', 'ip'],
  [29, 'mask-discovery', 'bool'],
  [30, 'mask-supplier', 'bool'],
  [31, 'router-discovery', 'bool'],
  [32, 'router-solicitation', 'ip'],
  [33, 'static-route', 'ips'],
  [34, 'trailer-encapsulation', 'bool'],
  [35, 'arp-timeout', 'u32'],
  [36, 'ethernet-encapsulation', 'bool'],
  [37, 'tcp-ttl', 'u8'],
  [38, 'tcp-keepalive', 'u32'],
  [40, 'nis-domain', 'text'],
  [41, 'nis-server', 'ips'],
  [42, 'ntp-server', 'ips'],
  [43, 'vendor-specific', 'nested'],
  [44, 'netbios-name-server', 'ips'],
  [46, 'netbios-node-type', 'u8'],
  [47, 'netbios-scope', 'text'],
  [48, 'x-font-server', 'ips'],
  [49, 'x-display-manager', 'ips'],
  [58, 'renewal-time', 'u32'],
  [59, 'rebinding-time', 'u32'],
  [60, 'vendor-class', 'text'],
  [64, 'nisplus-domain', 'text'],
  [65, 'nisplus-server', 'ips'],
  [66, 'tftp-server', 'text'],
  [67, 'boot-file', 'text'],
  [69, 'smtp-server', 'ips'],
  [70, 'pop3-server', 'ips'],
  [72, 'www-server', 'ips'],
  [100, 'timezone-posix', 'text'],
  [101, 'timezone-name', 'text'],
  [108, 'ipv6-only', 'u32'],
  [114, 'captive-portal', 'text'],
  [119, 'domain-search', 'domains'],
  [120, 'sip-server', 'bytes'],
  [121, 'classless-routes', 'routes'],
  [128, 'pxe-128', 'bytes'],
  [150, 'tftp-server-address', 'ips'],
  [175, 'ipxe', 'nested'],
  [208, 'pxelinux-magic', 'bytes'],
  [209, 'pxelinux-config', 'text'],
  [210, 'pxelinux-prefix', 'text'],
  [211, 'pxelinux-reboot-time', 'u32'],
  [249, 'classless-routes-microsoft', 'routes'],
  [252, 'proxy-auto-discovery', 'text'],
]

export const kinds: readonly OptionKind[] = rows.map(([code, name, type]) => ({ code, name, type }))

const byCode = new Map(kinds.map((kind) => [kind.code, kind]))
const byName = new Map(kinds.map((kind) => [kind.name, kind]))

/** Codes that the server itself speaks by; a lab file can't set them. */
export const reserved: ReadonlySet<number> = new Set([0, 50, 51, 52, 53, 54, 55, 56, 57, 61, 82, 255])

export function kindOf(code: number): OptionKind | undefined {
  return byCode.get(code)
}

/** `17`, `"17"`, `root-path` or `root_path` → 17; undefined when there is no such option. */
export function codeOf(word: string | number): number | undefined {
  const text = String(word).trim().toLowerCase().replaceAll('_', '-')
  if (/^\d{1,3}$/.test(text)) return Number(text) >= 1 && Number(text) <= 254 ? Number(text) : undefined
  return byName.get(text)?.code
}
