/** Reading lab files in tests: a source from text, and a dictionary with one service that takes anything but `wrong:`. */
import type { LabSource } from '../../src/lab/assemble.ts'
import { parseLab } from '../../src/lab/parse.ts'
import type { Dictionary } from '../../src/lab/reading.ts'
import type { Topology } from '../../src/lab/topology.ts'
import { ConfigError } from '../../src/base/errors.ts'
import { ServiceConfigError, type ServiceKind } from '../../src/stack/service.ts'

const tolerant = (kind: string): ServiceKind<unknown> => ({
  kind,
  parse: (config) => {
    if (config !== null && typeof config === 'object' && 'wrong' in config) throw new ServiceConfigError('that is wrong', ['wrong'], 'leave it out')
    return config
  },
  create: () => ({ close: () => undefined }),
})

export const dictionary: Dictionary = { services: { dhcp: tolerant('dhcp'), dhcp6: tolerant('dhcp6'), tftp: tolerant('tftp') }, images: ['linux', 'initramfs', 'opensbi', 'u-boot', 'u-boot-s'] }

export function source(text: string, files: Readonly<Record<string, string>> = {}, environment: Readonly<Record<string, string>> = {}): LabSource {
  const include = (name: string): { file: string; text: string } => {
    if (files[name] === undefined) throw new Error('ENOENT')
    return { file: name, text: files[name] }
  }
  return { file: 'lab.yaml', text, environment, include }
}

export function read(text: string, files?: Readonly<Record<string, string>>, environment?: Readonly<Record<string, string>>): Topology {
  return parseLab(source(text, files, environment), dictionary).topology
}

/** What the file is refused with: `message | hint`. */
export function refusal(text: string, files?: Readonly<Record<string, string>>, environment?: Readonly<Record<string, string>>): string {
  try {
    read(text, files, environment)
  } catch (error) {
    if (error instanceof ConfigError) return `${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`
    throw error
  }
  return 'accepted'
}
