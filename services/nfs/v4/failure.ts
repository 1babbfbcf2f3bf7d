/** Why an NFSv4 operation fails, as the wire has it. RFC 7530 §13, RFC 8881 §15. */
import { status as status3 } from '../../../src/wire/nfs3-results.ts'
import { type Reason4, status } from '../../../src/wire/nfs4.ts'
import type { XdrWriter } from '../../../src/wire/xdr.ts'
import { reasonOf, Refused } from '../refused.ts'

/** A refusal of version 4's own, beside version 3's `Refused` and the volume's FileError. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly status: number
  /** What stands behind the status, where something does. */
  readonly body: ((xdr: XdrWriter) => unknown) | undefined

  constructor(reason: Reason4, message: string, body?: (xdr: XdrWriter) => unknown) {
    super(message)
    this.status = status[reason]
    this.body = body
  }
}

/** @returns undefined for an error that is no refusal but our fault. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof Failure) return error.status
  const reason = reasonOf(error)
  // Version 3's numbers are version 4's (RFC 7530 §13.1).
  return reason === undefined ? undefined : status3[reason]
}

/** component4. @throws {Failure} for what no name can be. */
export function checkComponent(name: string): void {
  if (name === '') throw new Failure('invalid', 'an empty name')
  if (name === '.' || name === '..' || name.includes('/')) throw new Failure('badName', 'no name for a file')
  if (name.includes('\0')) throw new Failure('badCharacter', 'a NUL in a name')
  if (name.length > 255) throw new Refused('nameTooLong', `a name of ${name.length} bytes`)
}
