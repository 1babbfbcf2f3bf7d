/** The formats there are, and how an image is opened: which format, whose base, how deep. */
import { Malformed } from '../base/errors.ts'
import { DiskError } from './block.ts'
import type { Codec } from './codec.ts'
import type { DiskImage, Format, FormatName } from './format.ts'
import type { ImageFile } from './image-file.ts'
import { qcow2 } from './qcow2/format.ts'
import { parallels } from './parallels/format.ts'
import { iso, raw } from './raw-format.ts'
import { vdi } from './vdi.ts'
import { vmdk } from './vmdk/format.ts'
import { vhd } from './vhd/format.ts'
import { vhdx } from './vhdx/format.ts'

/** Asked in this order what they recognise; raw recognises nothing. */
export const formats: readonly Format[] = [qcow2, vmdk, vdi, parallels, vhd, vhdx, iso, raw]

const deepest = 16

export const formatNames: readonly FormatName[] = formats.map((format) => format.name)

export interface OpenOptions {
  readonly codec: Codec
  readonly readOnly: boolean
  /** As the user says it; by content where he doesn't. */
  readonly format?: FormatName | undefined
}

/** @throws {Malformed} with a sentence on what is wrong with the image. @throws {DiskError} */
export function openImage(file: ImageFile, options: OpenOptions): DiskImage {
  return openAbove(file, options, [])
}

/** @throws {Malformed} where there is no such format. */
export function formatNamed(name: string): Format {
  const known: Readonly<Record<string, FormatName>> = { vpc: 'vhd', vhd: 'vhd', file: 'raw', host_device: 'raw' }
  const format = formats.find((one) => one.name === (known[name] ?? name))
  if (format === undefined) throw new Malformed(`there is no disk format "${name}"; there are ${formatNames.join(', ')}`)
  return format
}

/** The format that a file's name asks for; undefined where the ending says nothing. */
export function formatOfName(name: string): Format | undefined {
  const ending = /\.[^./\\]+$/.exec(name.toLowerCase())?.[0]
  return ending === undefined ? undefined : formats.find((format) => format.endings.includes(ending))
}

/**
 * The format of an image of which nobody said it. A guest can write any content into a raw image, so content alone decides nothing: a format is taken
 * where the file's name has its ending too, and raw where the content is nobody's.
 * @throws {Malformed} where content and name disagree.
 */
export function chooseFormat(file: ImageFile): Format {
  const found = formats.find((format) => format.recognise(file))
  const named = formatOfName(file.name)
  if (found === undefined && (named === undefined || named.name === 'raw')) return formatNamed('raw')
  if (found !== undefined && found === named) return found
  if (found === undefined) throw new Malformed(`${file.name} is called ${named?.name} and does not hold one; if it is a raw disk, say format: raw`)
  // An ISO 9660 image is read as raw anyway; nothing in it is followed.
  if (found.name === 'iso') return found
  throw new Malformed(`${file.name} looks like ${found.name}, but a guest with a raw disk could have written that too: say format: ${found.name}, or format: raw`)
}

function openAbove(file: ImageFile, options: OpenOptions, above: readonly string[]): DiskImage {
  try {
    if (above.includes(file.identity)) throw new Malformed(`${file.name} has itself as its base`)
    if (above.length >= deepest) throw new Malformed(`${file.name}: more than ${deepest} images lie over each other`)
    const format = options.format === undefined ? chooseFormat(file) : formatNamed(options.format)
    if (options.format !== undefined && format.name !== 'raw' && !format.recognise(file)) throw new Malformed(`${file.name} is no ${format.name} image`)
    return format.open(file, {
      codec: options.codec,
      readOnly: options.readOnly,
      base: (from, name, said) => {
        const named = said === undefined ? undefined : formatNamed(said).name
        return openAbove(from.sibling(name, 'read'), { codec: options.codec, readOnly: true, format: named }, [...above, file.identity])
      },
    })
  } catch (error) {
    file.close()
    throw error instanceof RangeError ? new DiskError('ENOMEM', `${file.name}: ${error.message}`) : error
  }
}
