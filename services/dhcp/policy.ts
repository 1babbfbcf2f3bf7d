/** What a client is to be given besides its address: the first of host, matching rules and network that has a thing gives it. */
import type { Client } from './client.ts'
import type { Boot, Conditions, DhcpConfig, Host, OptionSetting, OptionSettings } from './config.ts'

export interface Policy {
  readonly boot: Boot | undefined
  readonly options: OptionSettings
  /** The name to tell the client, from `hosts` or from the lab's node. */
  readonly name: string
}

export function policyFor(config: DhcpConfig, client: Client, host: Host | undefined, nodeName: string | undefined): Policy {
  const rules = config.rules.filter((rule) => matches(rule.when, client))
  const boot = [host?.boot, ...rules.map((rule) => rule.boot), config.boot].find((each) => each !== undefined)
  const options = new Map<number, OptionSetting>()
  for (const settings of [host?.options, ...rules.map((rule) => rule.options), config.options]) {
    for (const [code, setting] of settings ?? []) if (!options.has(code)) options.set(code, setting)
  }
  return { boot, options, name: host?.name ?? nodeName ?? '' }
}

/** Whether all the conditions hold. `vendor` and `user` match from their start; `*` stands for anything; case is passed over. */
export function matches(when: Conditions, client: Client): boolean {
  if (when.arch !== undefined && !client.archs.some((arch) => when.arch?.includes(arch))) return false
  if (when.mac !== undefined && !glob(when.mac, client.mac)) return false
  if (when.vendor !== undefined && !glob(`${when.vendor}*`, client.vendor)) return false
  if (when.user !== undefined && !glob(`${when.user}*`, client.user)) return false
  if (when.uuid !== undefined && !glob(when.uuid.replaceAll('-', ''), client.uuid)) return false
  return when.circuit === undefined || glob(when.circuit, client.circuit)
}

/** Linear in practice: every `*` takes the first place where what follows it fits. */
function glob(pattern: string, value: string): boolean {
  const [head, ...parts] = pattern.toLowerCase().split('*')
  const text = value.toLowerCase()
  if (parts.length === 0) return text === head
  const tail = parts.pop() as string
  if (!text.startsWith(head)) return false
  let at = head.length
  for (const part of parts) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - tail.length >= at && text.endsWith(tail)
}

/** The boot file name (or URL) this client understands: a URL for HTTPClient and iPXE, a file for all others. */
export function bootName(boot: Boot | undefined, client: Client): string {
  const speaksHttp = client.vendor.startsWith('HTTPClient') || client.user.startsWith('iPXE')
  return (speaksHttp ? (boot?.url ?? boot?.file) : boot?.file) ?? ''
}
