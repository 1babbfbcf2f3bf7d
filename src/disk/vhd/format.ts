/** VHD (Virtual PC, Hyper-V, Azure): fixed, dynamic, differencing. Virtual Hard Disk Image Format Specification 1.0. */
import { concat, equal } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import { type BlockDevice, DiskError } from '../block.ts'
import { type CheckResult, type CreatePlan, type DiskImage, type Format, type ImageFacts, mostComplaints, type OpenContext } from '../format.ts'
import { syncFile, truncateFile, writeFully } from '../image-file.ts'
import type { ImageFile } from '../image-file.ts'
import { checkBlocks } from '../mapped.ts'
import { roundUp } from '../number.ts'
import { RawDisk } from '../raw.ts'
import { type Slice, SlicedDisk } from '../slices.ts'
import { DynamicVhd } from './dynamic.ts'
import { absentEntry, buildFooter, buildHeader, findFooter, type Footer, footerBytes, headerBytes, kinds, parseHeader } from './footer.ts'

const usualBlockBytes = 2 << 20
/** §: the format's own end. */
const mostBytes = 2040 * 2 ** 30

class VhdImage extends SlicedDisk implements DiskImage {
  readonly #file: ImageFile
  readonly #footer: Footer
  readonly #base: DiskImage | undefined

  constructor(file: ImageFile, footer: Footer, disk: BlockDevice, base: DiskImage | undefined) {
    super([{ start: 0, length: footer.size, disk, from: 0 } satisfies Slice], disk.readOnly)
    this.#file = file
    this.#footer = footer
    this.#base = base
  }

  facts(): ImageFacts {
    const { kind, id } = this.#footer
    const [{ disk }] = this.slices
    const base = this.#base?.facts()
    return {
      file: this.#file.name,
      format: 'vhd',
      variant: kind === kinds.fixed ? 'fixed' : kind === kinds.dynamic ? 'dynamic' : 'differencing',
      sizeBytes: this.size,
      clusterBytes: disk instanceof DynamicVhd ? disk.blockBytes : undefined,
      backing: base?.file,
      base,
      id,
      notes: [],
    }
  }

  check(): CheckResult {
    this.flush()
    const errors: string[] = []
    const [{ disk }] = this.slices
    if (disk instanceof DynamicVhd) checkBlocks(disk, (what) => errors.length < mostComplaints && errors.push(what))
    return { errors, leaks: 0, repaired: 0 }
  }
}

export const vhd: Format = {
  name: 'vhd',
  endings: ['.vhd', '.vpc', '.avhd'],
  about: 'Virtual PC’s and Hyper-V’s older one',
  variants: ['dynamic', 'fixed'],
  recognise: (file) => findFooter(file) !== undefined,
  open,
  create,
}

function open(file: ImageFile, context: OpenContext): DiskImage {
  const footer = findFooter(file)
  if (footer === undefined) throw new Malformed(`${file.name}: no VHD footer at its end or start`)
  const { kind, size } = footer
  if (size % 512 !== 0 || size > 2 ** 46) throw new Malformed(`${file.name}: a disk of ${size} bytes`)
  if (kind === kinds.fixed) {
    if (file.size < size) throw new Malformed(`${file.name} ends before its disk of ${size} bytes does`)
    return new VhdImage(file, footer, new RawDisk(file, { readOnly: context.readOnly }), undefined)
  }
  if (kind !== kinds.dynamic && kind !== kinds.differencing) throw new Malformed(`${file.name}: a VHD of kind ${kind}`)
  const header = parseHeader(file, footer)
  const base = kind === kinds.differencing ? findBase(file, header.parents, header.parentId, context) : undefined
  return new VhdImage(file, footer, new DynamicVhd(file, footer, header, context.readOnly, base), base)
}

/** The first of its names under which there is a file, which must be the image that it was made over. */
function findBase(file: ImageFile, names: readonly string[], id: Uint8Array, context: OpenContext): DiskImage {
  let refusal: unknown = new Malformed(`${file.name} lies over another image and does not say which`)
  for (const name of names) {
    let base: DiskImage
    try {
      base = context.base(file, name, undefined)
    } catch (error) {
      refusal = error
      if (error instanceof DiskError) continue
      throw error
    }
    const found = base.facts().id
    if (found === undefined || equal(found, id)) return base
    base.close()
    throw new Malformed(`${file.name}: ${name} is not the image that it was made over`)
  }
  throw refusal
}

function create(file: ImageFile, plan: CreatePlan): void {
  if (plan.size > mostBytes) throw new Malformed('a VHD ends at 2040 GiB; VHDX goes on')
  const id = plan.codec.random(16)
  if (plan.variant === 'fixed') {
    if (plan.backing !== undefined) throw new Malformed('a fixed VHD has no base')
    truncateFile(file, plan.size)
    writeFully(file, plan.size, buildFooter({ kind: kinds.fixed, size: plan.size, id }))
    return syncFile(file)
  }
  const { backing } = plan
  if (backing !== undefined && backing.format !== 'vhd') throw new Malformed(`a VHD can lie over a VHD only, and ${backing.name} is ${backing.format}; qcow2 can lie over any`)
  const blockBytes = plan.clusterBytes ?? usualBlockBytes
  const blocks = Math.ceil(plan.size / blockBytes)
  if (blockBytes < 4096 || blockBytes > 64 << 20 || (blockBytes & (blockBytes - 1)) !== 0 || blocks > 1 << 22) throw new Malformed(`a VHD of ${plan.size} bytes in blocks of ${blockBytes}`)
  const footer = buildFooter({ kind: backing === undefined ? kinds.dynamic : kinds.differencing, size: plan.size, id })
  const tablePosition = footerBytes + headerBytes
  const table = new Uint8Array(roundUp(blocks * 4, 512)).fill(absentEntry & 0xff)
  const locatorPosition = tablePosition + table.length
  const { header, locator } = buildHeader({ tablePosition, blocks, blockBytes, parent: backing === undefined ? undefined : { name: backing.name, id: backing.id ?? new Uint8Array(16), locatorPosition } })
  const padded = new Uint8Array(roundUp(locator.length, 512))
  padded.set(locator)
  writeFully(file, 0, concat(footer, header, table, padded, footer))
  syncFile(file)
}
