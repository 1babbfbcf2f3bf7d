/** Which frames the card keeps: SDM §3.2.1, by address registers, the hash of multicasts, and the VLAN table. */
import { u16be } from '../../base/bytes.ts'
import { rctl, register, vlanType } from './registers.ts'

const addresses = 16
const addressValid = 0x8000_0000
/** RCTL's choice of which bits of an address are hashed, as a shift to the right (§13.4.22). */
const hashShifts = [4, 3, 2, 0]
/** Longest frames with their check sequence: the usual, with a VLAN tag, and with LPE. */
const usualLongest = 1522
const longest = 16_384

/** @param registers the card's, by word. */
export function wanted(frame: Uint8Array, registers: Uint32Array, crcBytes: number): boolean {
  const control = registers[register.rctl >> 2]
  const length = frame.length + crcBytes
  if (length > longest || (length > usualLongest && (control & rctl.longPackets) === 0)) return false
  if (control & rctl.vlanFilter && !ofKnownVlan(frame, registers)) return false
  if ((frame[0] & 1) === 0) return (control & rctl.unicastPromiscuous) !== 0 || exact(frame, registers)
  if (control & rctl.multicastPromiscuous) return true
  if (frame.subarray(0, 6).every((byte) => byte === 0xff)) return (control & rctl.broadcast) !== 0
  return exact(frame, registers) || hashed(frame, registers, control)
}

function ofKnownVlan(frame: Uint8Array, registers: Uint32Array): boolean {
  if (frame.length < 18 || u16be(frame, 12) !== vlanType) return true
  const vlan = u16be(frame, 14) & 0xfff
  return ((registers[(register.vfta >> 2) + (vlan >>> 5)] >>> (vlan & 31)) & 1) !== 0
}

function exact(frame: Uint8Array, registers: Uint32Array): boolean {
  const low = (frame[0] | (frame[1] << 8) | (frame[2] << 16) | (frame[3] << 24)) >>> 0
  const high = frame[4] | (frame[5] << 8)
  for (let pair = 0; pair < addresses; pair++) {
    const at = (register.ral >> 2) + 2 * pair
    if (registers[at + 1] & addressValid && registers[at] === low && (registers[at + 1] & 0xffff) === high) return true
  }
  return false
}

/** Twelve bits of the address's last two bytes are a place in a table of 4096 bits. */
function hashed(frame: Uint8Array, registers: Uint32Array, control: number): boolean {
  const place = (((frame[5] << 8) | frame[4]) >>> hashShifts[(control >>> 12) & 3]) & 0xfff
  return ((registers[(register.mta >> 2) + (place >>> 5)] >>> (place & 31)) & 1) !== 0
}
