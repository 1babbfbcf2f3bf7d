/** Which instructions and features a machine's harts have beyond RV64GC with Sv39. RISC-V profiles (RVA22) and the extensions' own chapters. */
import type { Row } from './row.ts'

/** Extensions that may be absent, by the names of the device tree's `riscv,isa-extensions`. */
export type Extension =
  | 'zba' | 'zbb' | 'zbc' | 'zbkx' | 'zbs' | 'zicond' | 'zicbom' | 'zicboz' | 'zawrs' | 'zihintpause'
  | 'svinval' | 'svnapot' | 'svpbmt' | 'svadu' | 'sstc'
  /** The lab's own (magic.ts): no profile has it, and an ISA string never says it. */
  | 'xmagic'

export type Extensions = ReadonlySet<Extension>

export interface Profile {
  readonly name: string
  readonly extensions: Extensions
  /** How many of Sv39, Sv48, Sv57 there are: 1 to 3. */
  readonly pageModes: 1 | 2 | 3
}

/** All that there is. */
export const everyExtension: Extensions = new Set<Extension>([
  'zba', 'zbb', 'zbc', 'zbkx', 'zbs', 'zicond', 'zicbom', 'zicboz', 'zawrs', 'zihintpause', 'svinval', 'svnapot', 'svpbmt', 'svadu', 'sstc', 'xmagic',
])

/** `rv64gc`: what QEMU's first virt boards had. `rva22`: RVA22S64's mandatory extensions and the options that we have. */
export const profiles = {
  rv64gc: { name: 'rv64gc', extensions: new Set<Extension>(), pageModes: 1 },
  rva22: { name: 'rva22', extensions: new Set([...everyExtension].filter((extension) => extension !== 'xmagic')), pageModes: 3 },
} as const satisfies Record<string, Profile>

export type CpuName = keyof typeof profiles

/** A machine's harts. @param magic they know the magic instruction, too. */
export function profileOf(cpu: CpuName = 'rv64gc', magic = false): Profile {
  const profile = profiles[cpu]
  return magic ? { ...profile, name: `${profile.name}+magic`, extensions: new Set([...profile.extensions, 'xmagic' as const]) } : profile
}

/** The words of `cpu:` in a lab file. */
export const cpuNames = Object.keys(profiles) as [CpuName, ...CpuName[]]

/** What every hart has beyond the letters of RV64GC. */
const always = ['zicntr', 'zicsr', 'zifencei'] as const
/** Second letters of extensions that begin with z, in the order of the unprivileged manual §27.11 (table "standard extensions"). */
const canonical = 'imafdqcb'

/** All extensions of the profile's harts that have a name of several letters, in the order in which an ISA string has them: z by category, then s. */
export function longExtensions({ extensions }: Profile): readonly string[] {
  const more: readonly string[] = extensions.size === 0 ? [] : [...extensions, 'zihpm']
  const rank = (name: string): number => (name.startsWith('s') ? canonical.length : canonical.indexOf(name[1]))
  return [...always, ...more].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** Whether harts of these extensions have the row. */
export const has = (extensions: Extensions, { extension }: Row): boolean => extension === undefined || extensions.has(extension)

/** Rows that belong to an extension. */
export const belonging = (extension: Extension, rows: readonly Row[]): readonly Row[] => rows.map((row) => ({ ...row, extension }))
