/** Causes that the guest itself names on its console. */
import type { Cause } from './evidence.ts'
import { lineTrimmed as trimmed } from './line-trimmed.ts'

const rootMissing = /VFS: (?:Cannot open root device "([^"]*)"|Unable to mount root fs on (\S+))|(?:ALERT!|Gave up waiting for root)[^\n]*?(\/dev\/\S+)/
const memory = /(Out of memory: Killed process[^\n]*|Kernel panic - not syncing: (?:System is deadlocked on memory|Out of memory)[^\n]*|Out of memory and no killable processes[^\n]*|initramfs unpacking failed: (?:no cpio magic|write error)[^\n]*)/i
const panic = /Kernel panic - not syncing: ([^\n]*)/
const noShare = /9pnet_virtio: no channels available for device (\S+)/
const wrongImage = /(Bad Linux [^\n]*magic[^\n]*|Wrong Image (?:Format|Type)[^\n]*|Unknown image (?:format|type)[^\n]*|Invalid (?:Image|magic)[^\n]*|ERROR: can't get kernel image[^\n]*|Bad magic number[^\n]*|error: (?:invalid magic number|not a regular file|unsupported (?:image|EFI))[^\n]*|Image lacks image_size field[^\n]*|Not a valid (?:EFI|PE)[^\n]*)/i

export const outOfMemory: Cause = ({ console, plan }) => {
  const line = memory.exec(console)?.[0]
  if (line === undefined) return undefined
  const mebibytes = plan.memoryBytes / 2 ** 20
  return { cause: 'out-of-memory', because: `${plan.name} ran out of memory with ${mebibytes}M: "${trimmed(line)}"`, fix: `Give it more: nodes.${plan.name}.memory: ${mebibytes * 2}M.` }
}

export const rootDeviceMissing: Cause = ({ console, plan }) => {
  const match = rootMissing.exec(console)
  if (match === null) return undefined
  const device = match[1] ?? match[2] ?? match[3]
  const asked = plan.boot.kind === 'firmware' ? /\broot=(\S+)/.exec(plan.boot.cmdline ?? '')?.[1] : undefined
  const named = asked ?? (device === '' || device.startsWith('unknown-block') ? undefined : device)
  const driver = plan.disks.length > 0 ? 'The driver for its disk is a module of this kernel: give it an initramfs that loads it.' : `${plan.name} has no disk: add disks:, or boot an initramfs (initrd: initramfs).`
  return { cause: 'root-missing', because: `${plan.name}’s kernel found no root file system${named === undefined ? '' : ` on ${named}`}`, fix: driver }
}

export const shareMissing: Cause = ({ console, plan }) => {
  const tag = noShare.exec(console)?.[1]
  return tag === undefined ? undefined : { cause: 'share-missing', because: `${plan.name} mounts the share ${tag} over 9p, and it is given none of that tag`, fix: `Add nodes.${plan.name}.share: [{ host: ./folder, tag: ${tag} }], or mount by the tag that is there.` }
}

export const kernelPanic: Cause = ({ console, plan }) => {
  const said = panic.exec(console)?.[1]
  if (said === undefined) return undefined
  const init = /No working init|Attempted to kill init/i.test(said)
  return { cause: 'kernel-panic', because: `${plan.name}’s kernel panicked: "${trimmed(said)}"`, fix: init ? 'Its init ended or is not there: look at the lines before it in the log, and at init= and the initramfs.' : 'The lines before it on the console say where; netloom logs shows them.' }
}

export const wrongImageType: Cause = ({ console, plan, story }) => {
  const line = wrongImage.exec(console)?.[0]
  if (line === undefined) return undefined
  const said = story.events.find(({ topic, text }) => topic === 'console' && wrongImage.test(text))?.time ?? Infinity
  const file = story.transfers.findLast(({ done, began }) => done && began <= said)?.file
  return { cause: 'wrong-image', because: `${plan.name}’s boot loader refuses ${file ?? 'the image'}: "${trimmed(line)}"`, fix: 'Give it what the command expects: booti an Image, bootm a mkimage, bootefi an EFI program.' }
}
