/** The file's own images: a path, some text, blank bytes, a U-Boot script, an initramfs or a Debian root file system to be built. */
import { list } from './suggest.ts'
import type { Reading } from './reading.ts'
import type { ImageText } from './schema.ts'
import type { ImagePlan } from './topology.ts'

const ways = ['file', 'size', 'text', 'script', 'initramfs', 'debian'] as const

const largestBlank = 256 * 2 ** 20

/** @throws {ConfigError} */
export function resolveImages(reading: Reading): Record<string, ImagePlan> {
  const images: Record<string, ImagePlan> = {}
  for (const [name, text] of Object.entries(reading.text.images ?? {})) {
    const said = ways.filter((way) => text[way] !== undefined)
    if (said.length !== 1) reading.fail(['images', name], said.length === 0 ? 'an image is made from something' : `${list(said, 'and')} at once`, `write one of ${list(ways)}`, 'key')
    if (text.size !== undefined && text.size > largestBlank) reading.fail(['images', name, 'size'], 'a blank image has at most 256M')
    images[name] = imagePlan(text)
  }
  return images
}

function imagePlan(text: ImageText): ImagePlan {
  if (text.file !== undefined) return { kind: 'file', file: text.file }
  if (text.size !== undefined) return { kind: 'blank', sizeBytes: text.size }
  if (text.text !== undefined) return { kind: 'text', text: text.text }
  if (text.script !== undefined) return { kind: 'script', script: text.script }
  if (text.debian !== undefined) {
    const { modules = [], files = {}, packages = [] } = text.debian ?? {}
    return { kind: 'debian', recipe: { modules, files, packages } }
  }
  const { modules = [], init, files = {}, packages = [] } = text.initramfs ?? {}
  return { kind: 'initramfs', recipe: { modules, init, files, packages } }
}
