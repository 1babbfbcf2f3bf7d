/** The settings that go with an answer: name servers and domains (RFC 3646), what to boot (RFC 5970), when to ask again (RFC 8415 §21.23). */
import type { Option } from '../../src/wire/dhcpv6.ts'
import type { Asker } from './asker.ts'
import type { Boot6, Dhcpv6Config } from './config.ts'
import { concat, fromLatin1, putU32be, utf8 } from '../../src/base/bytes.ts'
import { buildNames, buildPieces, codes } from '../../src/wire/dhcpv6.ts'

/** A day, as §7.6 has it for clients that weren't told. */
const refreshSeconds = 86_400

/** @param own the service's own address. */
export function settingsFor(config: Dhcpv6Config, asker: Asker, own: Uint8Array | undefined): Option[] {
  const { wishes } = asker
  const options: Option[] = []
  const servers = config.dns ?? (own === undefined ? [] : [own])
  if (wishes.has(codes.dns) && servers.length > 0) options.push({ code: codes.dns, data: concat(...servers) })
  if (wishes.has(codes.domains) && config.domains.length > 0) options.push({ code: codes.domains, data: buildNames(config.domains) })
  if (wishes.has(codes.refreshTime)) options.push({ code: codes.refreshTime, data: numberBytes(refreshSeconds) })
  return [...options, ...bootOptions(bootFor(config, asker), asker)]
}

function bootFor({ rules, boot }: Dhcpv6Config, { archs, users }: Asker): Boot6 | undefined {
  const rule = rules.find(({ arch, user }) => (arch === undefined || arch.some((each) => archs.includes(each))) && (user === undefined || users.includes(user)))
  return rule?.boot ?? boot
}

/** Who tells its architecture means to boot, whether it asks for a URL or not. */
function bootOptions(boot: Boot6 | undefined, { wishes, archs, vendorClass }: Asker): Option[] {
  if (boot === undefined || (!wishes.has(codes.bootUrl) && archs.length === 0)) return []
  const options: Option[] = [{ code: codes.bootUrl, data: utf8(boot.url) }]
  if (boot.parameters.length > 0) options.push({ code: codes.bootParameters, data: buildPieces(boot.parameters.map(utf8)) })
  // EFI's HTTP boot takes only answers that call themselves so (UEFI 2.10 §24.7.3.1).
  if (vendorClass !== undefined && fromLatin1(vendorClass).includes('HTTPClient')) options.push({ code: codes.vendorClass, data: vendorClass })
  return options
}

function numberBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  putU32be(bytes, 0, value)
  return bytes
}
