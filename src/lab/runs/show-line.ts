/** One line of a console's bytes, as text in quotes. */
import { fromUtf8 } from '../../base/bytes.ts'

const longest = 120

/** The line that begins at `from`, without its end; cut after 120 bytes. */
export function showLine(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0x0a, from)
  const line = bytes.subarray(from, Math.min(end < 0 ? bytes.length : end, from + longest))
  return JSON.stringify(fromUtf8(line).replace(/\r$/, ''))
}
