/** The description of a Parallels bundle: `DiskDescriptor.xml`, which says which files hold which sectors, and what was taken over what. */
import { fromUtf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { readBytes } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'

export interface Bundle {
  readonly sectors: number
  readonly storages: readonly Storage[]
}

/** A stretch of the disk. */
export interface Storage {
  readonly startSector: number
  readonly endSector: number
  /** The newest first; each shows where those before it hold nothing. */
  readonly layers: readonly { readonly file: string; readonly plain: boolean }[]
}

const mostBytes = 1 << 20
const mostFiles = 256
const mostLayers = 16

export function isBundle(head: Uint8Array): boolean {
  const text = fromUtf8(head.subarray(0, 512))
  return text.trimStart().startsWith('<') && text.includes('<Parallels_disk_image')
}

/** @throws {Malformed} */
export function parseBundle(file: ImageFile): Bundle {
  if (file.size > mostBytes) throw new Malformed(`${file.name}: a description of ${file.size} bytes`)
  const text = fromUtf8(readBytes(file, 0, file.size))
  const sectors = number(file, text, 'Disk_size')
  const order = orderOf(file, text)
  const storages = elements(text, 'Storage').map((storage): Storage => {
    const images = elements(storage, 'Image').map((image) => ({ id: word(image, 'GUID'), file: word(image, 'File'), plain: word(image, 'Type') === 'Plain' }))
    const layers = order.length === 0 ? images : order.flatMap((id) => images.filter((image) => image.id === id))
    if (layers.length === 0 || layers.length > mostLayers) throw new Malformed(`${file.name}: a stretch of the disk with ${layers.length} layers`)
    return { startSector: number(file, storage, 'Start'), endSector: number(file, storage, 'End'), layers: layers.map(({ file: name, plain }) => ({ file: name, plain })) }
  })
  let next = 0
  for (const { startSector, endSector } of storages) {
    if (startSector !== next || endSector <= startSector) throw new Malformed(`${file.name}: sectors ${next} to ${startSector} of the disk are nowhere`)
    next = endSector
  }
  if (next < sectors || storages.length > mostFiles) throw new Malformed(`${file.name}: ${sectors} sectors, of which ${next} are somewhere`)
  return { sectors, storages }
}

/** Snapshots from the newest back to the first. */
function orderOf(file: ImageFile, text: string): string[] {
  const shots = new Map(elements(text, 'Shot').map((shot) => [word(shot, 'GUID'), word(shot, 'ParentGUID')] as const))
  const parents = new Set(shots.values())
  const named = word(text, 'TopGUID')
  const newest = [...shots.keys()].filter((id) => !parents.has(id))
  if (named === '' && newest.length > 1) throw new Malformed(`${file.name}: several newest states and no word on which one is meant`)
  const order: string[] = []
  for (let id: string | undefined = named === '' ? newest[0] : named; id !== undefined && shots.has(id); id = shots.get(id)) {
    if (order.includes(id)) throw new Malformed(`${file.name}: a snapshot that was taken over itself`)
    order.push(id)
  }
  return order
}

const elements = (text: string, name: string): string[] => [...text.matchAll(new RegExp(`<${name}>((?:(?!<${name}>)[\\s\\S])*?)</${name}>`, 'g'))].map((match) => match[1])

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' }
const word = (text: string, name: string): string => (elements(text, name)[0] ?? '').trim().replace(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity])

function number(file: ImageFile, text: string, name: string): number {
  const written = word(text, name)
  const value = Number(written)
  if (!/^\d{1,15}$/.test(written) || !Number.isSafeInteger(value * 512)) throw new Malformed(`${file.name}: ${name} is "${written.slice(0, 40)}"`)
  return value
}
