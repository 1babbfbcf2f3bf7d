/** This terminal as a guest's: every key goes through, Ctrl-] comes back; however it ends, the terminal is as it was. */

/** Ctrl-], as telnet has it. */
const leaveKey = 0x1d

export interface Attached {
  /** Gives the terminal back. */
  leave(): void
}

/**
 * @param type takes what is typed.
 * @param left called once when the user leaves, or when standard input ends.
 */
export function attachTerminal(type: (bytes: Uint8Array) => void, left: (how: 'key' | 'end') => void): Attached {
  const { stdin } = process
  const raw = stdin.isTTY === true
  const restore = (): void => {
    if (raw) stdin.setRawMode(false)
  }
  let attached = true
  const leave = (): void => {
    if (!attached) return
    attached = false
    stdin.off('data', hear)
    stdin.off('end', end)
    process.off('exit', restore)
    restore()
    stdin.pause()
  }
  const end = (): void => {
    leave()
    left('end')
  }
  const hear = (bytes: Buffer): void => {
    const at = raw ? bytes.indexOf(leaveKey) : -1
    if (at !== 0) type(new Uint8Array(at < 0 ? bytes : bytes.subarray(0, at)))
    if (at < 0) return
    leave()
    left('key')
  }
  if (raw) stdin.setRawMode(true)
  process.on('exit', restore)
  stdin.on('data', hear)
  stdin.on('end', end)
  stdin.resume()
  return { leave }
}
