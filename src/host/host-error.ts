/** What the host refuses: no mirror, no signature, no space, no device. One sentence, Node's kind of `code`, and what to type to fix it. */

/** Ends a command with exit code 3 (product.md §2). `message` says what was refused; `hint` what to type next. */
export class HostError extends Error {
  override readonly name = 'HostError'
  /** Node's code where there is one (`EACCES`, `ENOSPC`, `ECONNREFUSED`), else one of ours (`EMIRROR`, `ESIGNATURE`, `ETOOL`, `EIMAGE`). */
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
  }
}
