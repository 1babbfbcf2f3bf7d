/** What a machine starts with: firmware, a kernel of its own, or a built-in program. */
import type { Path } from '../stack/service.ts'
import { isPath, type Reading } from './reading.ts'
import { resolveSteps } from './resolve-steps.ts'
import type { NodeText } from './schema.ts'
import type { BootPlan } from './topology.ts'

const firmwares = ['u-boot', 'u-boot-s', 'opensbi', 'sbi', 'none']

/** @throws {ConfigError} */
export function resolveBoot(reading: Reading, path: Path, text: NodeText): BootPlan {
  refuseContradictions(reading, path, text)
  if (text.boot === 'program' || (text.boot === undefined && text.program !== undefined)) {
    if (text.program === undefined) reading.fail([...path, 'boot'], 'boot: program needs a program', 'program: hello')
    return text.program === 'script' ? { kind: 'program', program: 'script', steps: resolveSteps(reading, path, text.steps) } : { kind: 'program', program: 'hello' }
  }
  const direct = text.boot === 'kernel' || (text.boot === undefined && text.kernel !== undefined)
  return direct ? directBoot(reading, path, text) : firmwareBoot(reading, path, text)
}

/** Two things the node itself says that can't both be; what its kind or the defaults say gives way silently. */
function refuseContradictions(reading: Reading, path: Path, text: NodeText): void {
  const own = (word: string): boolean => reading.written([...path, word]) !== undefined
  if (own('steps') && text.program !== 'script') reading.fail([...path, 'steps'], 'only a script has steps', 'program: script', 'key')
  for (const word of ['firmware', 'kernel', 'initrd', 'cmdline']) {
    if (own('program') && own(word)) reading.fail([...path, word], 'a node with a program has no use for it', 'take one of them out', 'key')
  }
  if (own('boot') && text.boot !== 'kernel' && own('kernel')) reading.fail([...path, 'kernel'], `boot: ${String(text.boot)} does not use it`, 'write boot: kernel, or take it out', 'key')
  for (const word of ['initrd', 'cmdline']) if (own(word) && text.kernel === undefined) reading.fail([...path, word], 'needs a kernel', 'kernel: linux', 'key')
  if (text.boot === 'disk' && (text.disks ?? []).length === 0) reading.fail([...path, 'boot'], 'boot: disk needs a disk', 'disks: [./disk.img]')
}

function directBoot(reading: Reading, path: Path, text: NodeText): BootPlan {
  const { kernel, initrd, cmdline } = text
  if (kernel === undefined) reading.fail([...path, 'boot'], 'boot: kernel needs a kernel', 'kernel: linux')
  reading.image([...path, 'kernel'], kernel)
  if (initrd !== undefined) reading.image([...path, 'initrd'], initrd)
  // U-Boot takes no kernel by hand, so an inherited u-boot gives way to what can start one.
  const written = reading.written([...path, 'firmware']) !== undefined
  const word = text.firmware === undefined || (!written && text.firmware.startsWith('u-boot')) ? 'sbi' : text.firmware
  if (word === 'u-boot' || word === 'u-boot-s') reading.fail([...path, 'firmware'], `${word} does not start a kernel that is given by hand`, 'firmware: sbi, or boot: net')
  const firmware = word === 'none' || word === 'sbi' ? undefined : named(reading, [...path, 'firmware'], word)
  return { kind: 'firmware', firmware, sbi: word === 'sbi', payload: undefined, kernel, initrd, cmdline }
}

function firmwareBoot(reading: Reading, path: Path, text: NodeText): BootPlan {
  const word = text.firmware ?? 'u-boot-s'
  if (word === 'opensbi' || word === 'sbi' || word === 'none') reading.fail([...path, 'firmware'], `${word} needs something to start`, 'kernel: linux, or firmware: u-boot-s')
  const chain = word === 'u-boot-s' ? { firmware: 'opensbi', payload: 'u-boot-s' } : { firmware: named(reading, [...path, 'firmware'], word), payload: undefined }
  return { kind: 'firmware', ...chain, sbi: false, kernel: undefined, initrd: undefined, cmdline: undefined }
}

function named(reading: Reading, path: Path, word: string): string {
  if (!isPath(word) && !firmwares.includes(word)) reading.known(path, word, [...firmwares, ...Object.keys(reading.text.images ?? {})], 'firmware')
  return word
}
