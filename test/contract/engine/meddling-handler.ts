/** A handler of magic instructions that does what handlers may do, by the registers it finds: changes registers and memory, code too, skips, cuts the run short. */
import type { Instant } from '../../../src/base/time.ts'
import type { HearMagic } from '../../../src/cpu/core.ts'
import type { MeddlingDevice } from './device.ts'

export function meddlingHandler(device: MeddlingDevice): HearMagic {
  const bytes = new Uint8Array(24)
  const words = new DataView(bytes.buffer)
  return (hart, what) => {
    const choice = Number((hart.x(10) ^ hart.x(11)) & 15n)
    if (what === 'ebreak') {
      if (choice < 8) hart.setX(12, hart.pc)
      return choice < 8
    }
    hart.setX(11, BigInt(device.core.now))
    hart.setX(13, BigInt(hart.read(hart.x(8) + 4090n, bytes)) ^ words.getBigUint64(0, true))
    if (choice < 4) hart.setX(14, BigInt(hart.write(hart.x(8) + 4090n + BigInt(choice), bytes)))
    if (choice === 4) hart.setX(14, BigInt(hart.physical(hart.pc, 'read') ?? 1))
    if (choice === 5) hart.next += 4n
    if (choice === 6) device.core.stopBefore((device.core.now + 3) as Instant)
    // What stands behind the instruction is copied over itself: the same code, but it was written.
    if (choice === 7 && hart.read(hart.next, bytes) > 0) hart.setX(14, BigInt(hart.write(hart.next, bytes)))
    if (choice === 8) hart.setF(1, hart.f(2) + hart.satp + BigInt(hart.privilege))
    return choice !== 9
  }
}
