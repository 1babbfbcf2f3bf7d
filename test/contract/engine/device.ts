/**
 * A device that does everything a device may do to a core inside a bus access: tells the exact time, cuts the run short, moves interrupt
 * lines, writes code by DMA, refuses to answer. Registers of four bytes from `deviceBase` on:
 *
 *     0 r: now, the low 31 bits   4 w: stopBefore(now + value % 64)   8 w: DMA of an instruction, see `dma`   12 w: all lines low
 *     16 w: raises line value % 4 of hart value >> 2                  20 r: raises SEIP and gives a count    24: nobody answers
 */
import type { Instant } from '../../../src/base/time.ts'
import { type Core, type CoreBus, type Line, lines } from '../../../src/cpu/core.ts'

export const deviceBase = 0x1000_0000

const allLines: readonly Line[] = [lines.msip, lines.mtip, lines.seip, lines.meip]

export class MeddlingDevice implements CoreBus {
  core!: Core
  /** Where DMA may write: offset in RAM and length of the code, and the words to choose from. */
  readonly dma: { readonly offset: number; readonly length: number; readonly words: readonly number[] }
  private count = 0

  constructor(dma: MeddlingDevice['dma']) {
    this.dma = dma
  }

  read(address: number): number | undefined {
    const register = address - deviceBase
    if (register < 0 || register >= 24) return undefined
    if (register >= 20) {
      this.core.line(0, lines.seip, true)
      return this.count++
    }
    return register < 4 ? this.core.now & 0x7fff_ffff : 0
  }

  write(address: number, _width: number, value: number): boolean {
    const register = address - deviceBase
    if (register < 0 || register >= 24) return false
    const { core } = this
    if (register >= 16) core.line((value >>> 2) % core.harts, allLines[value & 3], true)
    else if (register >= 12) for (let hart = 0; hart < core.harts; hart++) for (const line of allLines) core.line(hart, line, false)
    else if (register >= 8) this.transfer(value >>> 0)
    else if (register >= 4) core.stopBefore((core.now + (value & 63)) as Instant)
    return true
  }

  private transfer(value: number): void {
    const { offset, length, words } = this.dma
    const at = offset + 2 * ((value >>> 3) % ((length - 4) >> 1))
    const word = words[value % words.length]
    for (let index = 0; index < 4; index++) this.core.ram[at + index] = word >>> (8 * index)
    this.core.wrote(at, 4)
  }
}
