/** Frames for tests of faults. */
import { unhex } from '../../../src/base/bytes.ts'

/** An ARP request of 02:00:00:00:00:0a for 10.0.0.`last`. */
export const who = (last: number): Uint8Array => unhex(`ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a 0a00000a 000000000000 0a0000${last.toString(16).padStart(2, '0')}`)
