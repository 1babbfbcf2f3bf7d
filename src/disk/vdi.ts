/** VirtualBox's disk image, version 1.1: dynamic and static. Layout as VirtualBox's VDICore.h and QEMU's docs have it; everything little-endian. */
import { latin1, putU32le, u32le } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { DiskError } from './block.ts'
import { type CheckResult, type CreatePlan, type DiskImage, type Format, type ImageFacts, mostComplaints, type OpenContext } from './format.ts'
import { readBytes, syncFile, truncateFile, writeFully } from './image-file.ts'
import type { ImageFile } from './image-file.ts'
import { type BlockTable, checkBlocks, MappedDisk, nowhere, zeros } from './mapped.ts'
import { little, putLittle, roundUp } from './number.ts'
import { PageCache } from './page-cache.ts'

const signature = 0xbeda_107f
const version = 0x0001_0001
const kinds = { dynamic: 1, static: 2 } as const
const at = { text: 0, signature: 0x40, version: 0x44, headerBytes: 0x48, kind: 0x4c, tablePosition: 0x154, dataPosition: 0x158, sectorBytes: 0x168, size: 0x170, blockBytes: 0x178, extraBytes: 0x17c, blocks: 0x180, allocated: 0x184, id: 0x188, modifyId: 0x198, parentId: 0x1b8 } as const
const tableStart = 512
const absentEntry = 0xffff_ffff
const zeroEntry = 0xffff_fffe
const usualBlockBytes = 1 << 20
/** 4 bytes a block: disks up to 16 TiB of usual blocks. */
const mostBlocks = 1 << 24

class VdiTable implements BlockTable {
  readonly #cache: PageCache
  readonly #tablePosition: number
  readonly #dataPosition: number
  readonly #blockBytes: number
  readonly #name: string

  constructor(file: ImageFile, head: Uint8Array) {
    this.#cache = new PageCache(file)
    this.#name = file.name
    this.#tablePosition = u32le(head, at.tablePosition)
    this.#dataPosition = u32le(head, at.dataPosition)
    this.#blockBytes = u32le(head, at.blockBytes)
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes
  }

  locate(block: number): number {
    const position = this.#tablePosition + block * 4
    const entry = u32le(this.#cache.page(position), this.#cache.at(position))
    if (entry === absentEntry) return nowhere
    if (entry === zeroEntry) return zeros
    if (entry >= mostBlocks) throw new DiskError('EIO', `${this.#name}: block ${block} is said to be number ${entry} of the file`)
    return this.#dataPosition + entry * this.#blockBytes
  }

  link(block: number, place: number): void {
    const position = this.#tablePosition + block * 4
    putU32le(this.#cache.change(position), this.#cache.at(position), (place - this.#dataPosition) / this.#blockBytes)
    this.count(this.counted + 1)
  }

  /** How many blocks the header says are there. */
  get counted(): number {
    return u32le(this.#cache.page(at.allocated), at.allocated)
  }

  count(blocks: number): void {
    putU32le(this.#cache.change(at.allocated), at.allocated, blocks)
  }

  store(): void {
    this.#cache.store()
  }
}

class VdiImage extends MappedDisk implements DiskImage {
  readonly clusterBytes: number
  readonly #table: VdiTable
  readonly #kind: number

  constructor(file: ImageFile, head: Uint8Array, readOnly: boolean) {
    const table = new VdiTable(file, head)
    const blockBytes = u32le(head, at.blockBytes)
    super({ file, size: little(head, at.size), readOnly, blockBytes, table, alignBytes: 1 })
    this.#table = table
    this.#kind = u32le(head, at.kind)
    this.clusterBytes = blockBytes
  }

  facts(): ImageFacts {
    return { file: this.file.name, format: 'vdi', variant: this.#kind === kinds.static ? 'static' : 'dynamic', sizeBytes: this.size, clusterBytes: this.clusterBytes, notes: [] }
  }

  /** The header's count of blocks may lag behind the table after a kill, which harms nobody. */
  check(repair: boolean): CheckResult {
    this.flush()
    const errors: string[] = []
    const used = checkBlocks(this, (what) => errors.length < mostComplaints && errors.push(what))
    const wrong = this.#table.counted !== used
    if (!repair || !wrong) return { errors, leaks: wrong ? 1 : 0, repaired: 0 }
    this.#table.count(used)
    this.#table.store()
    syncFile(this.file)
    return { errors, leaks: 0, repaired: 1 }
  }
}

export const vdi: Format = {
  name: 'vdi',
  endings: ['.vdi'],
  about: 'VirtualBox’s',
  variants: ['dynamic', 'static'],
  recognise: (file) => u32le(readBytes(file, 0, 72), at.signature) === signature,
  open,
  create,
}

function open(file: ImageFile, { readOnly }: OpenContext): DiskImage {
  const head = readBytes(file, 0, 512)
  const refuse = (what: string): never => {
    throw new Malformed(`${file.name}: ${what}`)
  }
  if (u32le(head, at.signature) !== signature) refuse('no VDI image')
  if (u32le(head, at.version) >>> 16 !== 1) refuse(`VDI of version ${u32le(head, at.version) >>> 16}; Netloom reads 1`)
  const kind = u32le(head, at.kind)
  if (kind !== kinds.dynamic && kind !== kinds.static) refuse('a VDI that lies over another one (differencing or undo); VBoxManage clonemedium makes a whole one')
  const [blockBytes, blocks, size] = [u32le(head, at.blockBytes), u32le(head, at.blocks), little(head, at.size)]
  if (blockBytes < 4096 || blockBytes > 64 << 20 || (blockBytes & (blockBytes - 1)) !== 0) refuse(`blocks of ${blockBytes} bytes`)
  if (u32le(head, at.sectorBytes) !== 512 || u32le(head, at.extraBytes) !== 0) refuse('sectors other than 512 bytes, or blocks with extra data')
  if (blocks > mostBlocks || size > blocks * blockBytes || size % 512 !== 0) refuse(`${blocks} blocks for a disk of ${size} bytes`)
  const [tablePosition, dataPosition] = [u32le(head, at.tablePosition), u32le(head, at.dataPosition)]
  if (tablePosition < tableStart || tablePosition % 512 !== 0 || dataPosition % 512 !== 0 || dataPosition < tablePosition + blocks * 4) refuse(`its table lies at ${tablePosition}, its content at ${dataPosition}`)
  const image = new VdiImage(file, head, readOnly)
  if (!image.readOnly) {
    // New blocks are whole blocks from where the content begins.
    const over = (file.size - dataPosition) % blockBytes
    if (file.size < dataPosition || over !== 0) truncateFile(file, file.size < dataPosition ? dataPosition : file.size + blockBytes - over)
    return new VdiImage(file, head, false)
  }
  return image
}

function create(file: ImageFile, plan: CreatePlan): void {
  if (plan.backing !== undefined) throw new Malformed('Netloom makes no VDI over another image; qcow2 can lie over any')
  const blockBytes = plan.clusterBytes ?? usualBlockBytes
  const blocks = Math.ceil(plan.size / blockBytes)
  if ((blockBytes & (blockBytes - 1)) !== 0 || blockBytes < 4096 || blocks > mostBlocks) throw new Malformed(`a VDI of ${plan.size} bytes in blocks of ${blockBytes}`)
  const fixed = plan.variant === 'static'
  const dataPosition = roundUp(tableStart + blocks * 4, blockBytes < usualBlockBytes ? 4096 : usualBlockBytes)
  const head = new Uint8Array(tableStart + blocks * 4)
  head.set(latin1('<<< Netloom VDI disk image >>>\n'), at.text)
  for (const [field, value] of [[at.signature, signature], [at.version, version], [at.headerBytes, 0x180], [at.kind, fixed ? kinds.static : kinds.dynamic], [at.tablePosition, tableStart], [at.dataPosition, dataPosition], [at.sectorBytes, 512], [at.blockBytes, blockBytes], [at.blocks, blocks], [at.allocated, fixed ? blocks : 0]]) {
    putU32le(head, field, value)
  }
  putLittle(head, at.size, plan.size)
  head.set(plan.codec.random(16), at.id)
  head.set(plan.codec.random(16), at.modifyId)
  for (let block = 0; block < blocks; block++) putU32le(head, tableStart + block * 4, fixed ? block : absentEntry)
  writeFully(file, 0, head)
  truncateFile(file, dataPosition + (fixed ? blocks * blockBytes : 0))
  syncFile(file)
}
