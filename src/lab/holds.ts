/** Who holds virtual time back: libraries of the host's that run inside the lab and have not yet done with what they were given. */
export class Holds {
  #count = 0

  /** Whether time must stand. */
  get any(): boolean {
    return this.#count > 0
  }

  /** @returns how to let go; a second call does nothing. */
  take(): () => void {
    this.#count++
    let held = true
    return () => {
      if (held) this.#count--
      held = false
    }
  }
}
