/** Physical memory protection. RISC-V privileged architecture §3.7. Ranges are worked out when a register is written (machine-core.ts). */
import { slot } from '../layout.ts'
import { add, and, c32, eq, eqz, extendU, geU, gtU, leU, load, ltU, mul, ne, shl, wrap } from '../term.ts'
import type { Func } from '../wasm/func.ts'
import type { Parts } from './parts.ts'
import { get32, get64, machine } from './state.ts'

/** One range in the state page: start, end (exclusive), cfg. */
export const rangeBytes = 24
const locked = 0x80

export function buildPmp(parts: Parts): void {
  allows(parts.pmpAllows)
}

function allows(f: Func): void {
  const [address, size, access, privilege] = [f.param(0), f.param(1), f.param(2), f.param(3)]
  const end = f.let(add(address, extendU(size)))
  f.if(and(geU(address, get64(slot.pmpOpenStart)), leU(end, get64(slot.pmpOpenEnd))), () => f.return(c32(1)))
  const at = f.let(c32(0))
  const stop = f.let(mul(get32(slot.pmpCount), c32(rangeBytes)))
  f.block((unmatched) => {
    f.loop((next) => {
      f.brIf(unmatched, geU(at, stop))
      const start = load('i64', at, slot.pmpRange)
      const limit = load('i64', at, slot.pmpRange + 8)
      f.if(and(ltU(address, limit), gtU(end, start)), () => {
        // The lowest-numbered entry that matches any byte decides; it must match all of them.
        f.if(eqz(and(geU(address, start), leU(end, limit))), () => f.return(c32(0)))
        const cfg = f.let(wrap(load('i64', at, slot.pmpRange + 16)))
        f.if(and(eq(privilege, c32(machine)), eqz(and(cfg, c32(locked)))), () => f.return(c32(1)))
        f.return(ne(and(cfg, shl(c32(1), access)), c32(0)))
      })
      f.set(at, add(at, c32(rangeBytes)))
      f.br(next)
    })
  })
  // No match: M-mode passes; others pass only while no entry is implemented, and ours are.
  f.return(eq(privilege, c32(machine)))
}
