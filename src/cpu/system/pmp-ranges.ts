/** Physical memory protection, the part that is worked out on a register write. RISC-V privileged architecture §3.7.1. */
import { slot } from '../layout.ts'
import { rangeBytes } from './pmp.ts'

const entries = 16
const locked = 0x80
const off = 0
const tor = 1
const na4 = 2

/** Writes one pmpcfg or pmpaddr register, heeding locks, and lays out the ranges anew. `state` is the hart's state page. */
export function writePmp(state: DataView, csr: number, value: bigint): void {
  if (csr < 0x3b0) writeConfigs(state, (csr - 0x3a0) * 4, value)
  else writeAddress(state, csr - 0x3b0, value)
  layRanges(state)
}

const config = (state: DataView, entry: number): number => state.getUint8(slot.pmpcfg + entry)
const address = (state: DataView, entry: number): bigint => state.getBigUint64(slot.pmpaddr + 8 * entry, true)
const mode = (cfg: number): number => (cfg >> 3) & 3

function writeConfigs(state: DataView, first: number, value: bigint): void {
  for (let lane = 0; lane < 8; lane++) {
    const entry = first + lane
    if (config(state, entry) & locked) continue
    const cfg = Number((value >> BigInt(8 * lane)) & 0x9fn)
    // W without R is reserved (§3.7.1); the write of R, W is ignored.
    state.setUint8(slot.pmpcfg + entry, (cfg & 3) === 2 ? cfg & ~3 : cfg)
  }
}

function writeAddress(state: DataView, entry: number, value: bigint): void {
  const next = entry + 1 < entries ? config(state, entry + 1) : 0
  const held = config(state, entry) & locked || (next & locked && mode(next) === tor)
  if (!held) state.setBigUint64(slot.pmpaddr + 8 * entry, value & 0x3f_ffff_ffff_ffffn, true)
}

function layRanges(state: DataView): void {
  let count = 0
  for (let entry = 0; entry < entries; entry++) {
    const cfg = config(state, entry)
    if (mode(cfg) === off) continue
    const [start, end] = rangeOf(state, entry, cfg)
    const at = slot.pmpRange + count * rangeBytes
    state.setBigUint64(at, start, true)
    state.setBigUint64(at + 8, end, true)
    state.setBigUint64(at + 16, BigInt(cfg), true)
    count++
  }
  state.setUint32(slot.pmpCount, count, true)
  layOpenStretch(state, count)
}

/** Between two neighbouring borders one entry decides everything, so the stretches between them are all there is to look at. */
function layOpenStretch(state: DataView, count: number): void {
  const ranges = Array.from({ length: count }, (_, at) => {
    const word = (offset: number): bigint => state.getBigUint64(slot.pmpRange + at * rangeBytes + offset, true)
    return { start: word(0), end: word(8), open: (word(16) & 7n) === 7n }
  })
  const borders = [...new Set(ranges.flatMap(({ start, end }) => [start, end]))].sort((a, b) => (a < b ? -1 : 1))
  let best = { start: 0n, end: 0n }
  for (let at = 0; at + 1 < borders.length; at++) {
    const [start, end] = [borders[at], borders[at + 1]]
    const decides = ranges.find((range) => range.start <= start && end <= range.end)
    if (decides?.open === true && end - start > best.end - best.start) best = { start, end }
  }
  state.setBigUint64(slot.pmpOpenStart, best.start, true)
  state.setBigUint64(slot.pmpOpenEnd, best.end, true)
}

/** Start and exclusive end in bytes. */
function rangeOf(state: DataView, entry: number, cfg: number): readonly [bigint, bigint] {
  const own = address(state, entry)
  if (mode(cfg) === tor) return [entry === 0 ? 0n : address(state, entry - 1) << 2n, own << 2n]
  if (mode(cfg) === na4) return [own << 2n, (own + 1n) << 2n]
  let ones = 0n
  while ((own >> ones) & 1n) ones++
  const start = (own >> (ones + 1n)) << (ones + 1n)
  return [start << 2n, (start << 2n) + (8n << ones)]
}
