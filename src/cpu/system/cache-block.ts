/**
 * Cache-block operations: Zicbom and Zicboz. Unprivileged architecture 20240411, §19; envcfg fields in privileged §3.1.18, §4.1.10.
 * Memory is always coherent here, so management operations only check their right to be; an invalidation never loses data.
 */
import { slot } from '../layout.ts'
import { type Term, add, and, c32, c64, eq, eqz, ne, or, select } from '../term.ts'
import type { Func, LocalTerm } from '../wasm/func.ts'
import { dataPrivilege } from './context.ts'
import type { Parts } from './parts.ts'
import { get32, get64, machine, menvcfg, user } from './state.ts'
import { accessFault, inRam } from './walk.ts'

const blockBytes = 64
/** Numbers of the operations, as in the instruction's bits 31–20. */
export const cacheOperations = { 'cbo.inval': 0, 'cbo.clean': 1, 'cbo.flush': 2, 'cbo.zero': 4 } as const
const zero = 4

const write = c32(1)
/** Access kind of management: either of read and write will do. */
const either = c32(3)

export function buildCacheBlock(parts: Parts): void {
  const f = parts.cacheBlock
  const [address, operation] = [f.param(0), f.param(1)]
  f.if(eqz(enabled(operation)), () => f.return(c32(3)))
  f.if(eq(operation, c32(zero)), () => clearBlock(parts, f, address))
  const physical = f.let(callTerm(parts, 'translate', address, either))
  f.if(eq(physical, c64(-1)), () => f.return(c32(1)))
  const block = f.let(and(physical, c64(-blockBytes)))
  const privilege = f.let(dataPrivilege())
  const allowed = (access: number): Term => callTerm(parts, 'pmpAllows', block, c32(blockBytes), c32(access), privilege)
  f.if(eqz(and(or(allowed(0), allowed(1)), inRam(parts, block, c64(blockBytes)))), () => fault(parts, f, address))
  f.return(c32(0))
}

const callTerm = (parts: Parts, name: 'translate' | 'pmpAllows' | 'storeSlow', ...args: Term[]): Term => ({ kind: 'call', type: parts[name].results[0], func: parts[name], args })

function fault(parts: Parts, f: Func, address: Term): void {
  f.call(parts.raise, accessFault(write), address)
  f.return(c32(1))
}

/** Below M-mode menvcfg must let the operation pass, in U-mode senvcfg as well. */
function enabled(operation: LocalTerm): Term {
  const bits = select(eq(operation, c32(zero)), c64(menvcfg.CBZE), select(eqz(operation), c64(menvcfg.CBIE), c64(menvcfg.CBCFE)))
  const lets = (home: number): Term => ne(and(get64(home), bits), c64(0))
  const inUser = or(ne(get32(slot.privilege), c32(user)), lets(slot.senvcfg))
  return or(eq(get32(slot.privilege), c32(machine)), and(lets(slot.menvcfg), inUser))
}

function clearBlock(parts: Parts, f: Func, address: LocalTerm): void {
  const physical = f.let(callTerm(parts, 'translate', address, write))
  f.if(eq(physical, c64(-1)), () => f.return(c32(1)))
  const block = f.let(and(physical, c64(-blockBytes)))
  f.if(eqz(and(callTerm(parts, 'pmpAllows', block, c32(blockBytes), write, dataPrivilege()), inRam(parts, block, c64(blockBytes)))), () => fault(parts, f, address))
  const at = f.let(and(address, c64(-blockBytes)))
  const result = f.let(c32(0))
  const left = f.let(c32(blockBytes / 8))
  f.loop((next) => {
    f.set(result, or(result, callTerm(parts, 'storeSlow', at, c64(0), c32(8))))
    f.set(at, add(at, c64(8)))
    f.set(left, add(left, c32(-1)))
    f.brIf(next, left)
  })
  f.return(result)
}
