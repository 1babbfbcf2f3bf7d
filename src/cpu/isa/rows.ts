/** Every 32-bit instruction there is, in a stable order: an index into `rows` may be kept by predecoded code, never in a snapshot. */
import { a } from './a.ts'
import { d } from './d.ts'
import { f } from './f.ts'
import { m } from './m.ts'
import { magic } from './magic.ts'
import { privileged } from './privileged.ts'
import type { Row } from './row.ts'
import { rv64i } from './rv64i.ts'
import { svinval } from './svinval.ts'
import { zawrs } from './zawrs.ts'
import { zba } from './zba.ts'
import { zbb } from './zbb.ts'
import { zbc } from './zbc.ts'
import { zbkx } from './zbkx.ts'
import { zbs } from './zbs.ts'
import { zicbo } from './zicbo.ts'
import { zicond } from './zicond.ts'
import { zicsr } from './zicsr.ts'
import { zifencei } from './zifencei.ts'

export const rows: readonly Row[] = [...rv64i, ...m, ...a, ...f, ...d, ...zicsr, ...zifencei, ...privileged, ...zba, ...zbb, ...zbc, ...zbkx, ...zbs, ...zicond, ...zicbo, ...zawrs, ...svinval, ...magic]

const byName = new Map(rows.map((row) => [row.name, row]))

/** @throws {Error} when no row has that name: names come from our own tables. */
export function rowNamed(name: string): Row {
  const row = byName.get(name)
  if (row === undefined) throw new Error(`no instruction is called ${name}`)
  return row
}
