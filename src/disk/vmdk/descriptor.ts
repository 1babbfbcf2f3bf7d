/** A VMDK's descriptor: what kind of disk, over which other one, made of which extents. VMware, Virtual Disk Format 1.1, §The Descriptor. */
import { fromUtf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'

export interface ExtentLine {
  readonly access: 'RW' | 'RDONLY' | 'NOACCESS'
  readonly sectors: number
  readonly kind: string
  readonly file: string
  /** Of a flat extent: where it begins in its file. */
  readonly startSector: number
}

export interface Descriptor {
  readonly createType: string
  readonly id: string
  readonly parentId: string
  readonly parent: string | undefined
  readonly extents: readonly ExtentLine[]
}

const mostExtents = 1024
const extentLine = /^(RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z0-9]+)(?:\s+"([^"]*)"(?:\s+(\d{1,15}))?)?/

export const isDescriptor = (head: Uint8Array): boolean => /^\s*# Disk DescriptorFile/i.test(fromUtf8(head.subarray(0, 256)))

/** @param bytes up to the first zero are text. @throws {Malformed} */
export function parseDescriptor(name: string, bytes: Uint8Array): Descriptor {
  const end = bytes.indexOf(0)
  const fields = new Map<string, string>()
  const extents: ExtentLine[] = []
  for (const line of fromUtf8(end < 0 ? bytes : bytes.subarray(0, end)).split(/\r?\n/).map((one) => one.trim())) {
    const found = extentLine.exec(line)
    const pair = /^([\w.]+)\s*=\s*(.*)$/.exec(line)
    if (found !== null) extents.push({ access: found[1] as ExtentLine['access'], sectors: Number(found[2]), kind: found[3], file: found[4] ?? '', startSector: Number(found[5] ?? 0) })
    else if (pair !== null && !line.startsWith('#')) fields.set(pair[1].toLowerCase(), pair[2].replace(/^"|"$/g, ''))
  }
  const sum = extents.reduce((sectors, extent) => sectors + extent.sectors, 0)
  if (extents.length === 0 || extents.length > mostExtents || sum === 0 || sum > 2 ** 43) throw new Malformed(`${name}: ${extents.length} extents with ${sum} sectors`)
  const parentId = fields.get('parentcid') ?? 'ffffffff'
  return { createType: fields.get('createtype') ?? '', id: fields.get('cid') ?? '', parentId, parent: parentId === 'ffffffff' ? undefined : fields.get('parentfilenamehint'), extents }
}

/** @param id 32 bits in hexadecimal. */
export function buildDescriptor(plan: { readonly createType: string; readonly id: string; readonly extents: readonly string[]; readonly sizeBytes: number }): string {
  const cylinders = Math.min(65_535, Math.floor(plan.sizeBytes / 512 / (16 * 63)))
  return [
    '# Disk DescriptorFile',
    'version=1',
    `CID=${plan.id}`,
    'parentCID=ffffffff',
    `createType="${plan.createType}"`,
    '',
    '# Extent description',
    ...plan.extents,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.virtualHWVersion = "4"',
    `ddb.geometry.cylinders = "${cylinders}"`,
    'ddb.geometry.heads = "16"',
    'ddb.geometry.sectors = "63"',
    'ddb.adapterType = "ide"',
    '',
  ].join('\n')
}
