/** Options that several commands share, as commander hands them over. */
import type { Format } from './table.ts'

export interface GlobalOptions {
  readonly file?: string
  readonly name?: string
  readonly format?: Format
  readonly yes?: boolean
  readonly verbose?: boolean
  readonly quiet?: boolean
}

export interface UpOptions extends GlobalOptions {
  readonly detach?: boolean
  readonly console?: string
  readonly capture?: string
  readonly logs?: string
  readonly seed?: string
  /** A folder that takes the whole run. */
  readonly keep?: string
  /** A snapshot to go on from. */
  readonly from?: string
  /** `3s=FILE`, each. */
  readonly saveAt?: readonly string[]
  /** `256M`. */
  readonly history?: string
  /** `2`, `auto`. */
  readonly workers?: string
  /** `node1:1234`, each. */
  readonly gdb?: readonly string[]
  readonly dryRun?: boolean
}

export interface ReplayOptions extends GlobalOptions {
  /** A folder that takes the replayed run. */
  readonly keep?: string
  /** `frame:412`, `3.2s`, `console:"Kernel panic"`. */
  readonly to?: string
  /** `node1:1234`. */
  readonly gdb?: string
}

export interface TestOptions extends GlobalOptions {
  readonly capture?: string
  readonly logs?: string
  readonly seed?: string
  /** A folder that takes the whole run. */
  readonly keep?: string
  readonly junit?: string
  readonly tap?: boolean
  /** `1..500`. */
  readonly seeds?: string
  /** `2`, `auto`. */
  readonly workers?: string
  /** Where failed runs leave what is known of them. */
  readonly results?: string
}

export interface StackOptions extends GlobalOptions {
  /** Path of the unix socket. */
  readonly listen?: string
}

export interface ExecOptions extends GlobalOptions {
  /** Standard input is the command's. */
  readonly input?: boolean
  /** A folder in the guest. */
  readonly workdir?: string
}

export interface TraceOptions extends GlobalOptions {
  readonly from: string
  readonly to: string
  readonly node?: string
  /** `vmlinux`, `u-boot.elf@0x7fe00000`, each. */
  readonly symbols?: readonly string[]
  readonly seed?: string
  readonly limit: string
  readonly output?: string
}
