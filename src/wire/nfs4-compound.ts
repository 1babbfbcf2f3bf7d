/** NFSv4 calls as people read them: a COMPOUND and the operations in it. RFC 7530 §14.2, RFC 8881 §16.2. */
import { fromUtf8, latin1 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'
import { XdrReader } from './xdr.ts'
import { readers } from './nfs4-arguments.ts'
import { type Operation, operationOf } from './nfs4.ts'

export interface Compound {
  readonly procedure: 'null' | 'compound'
  /** A byte string. */
  readonly tag: string
  readonly minorVersion: number
  /** As far as they could be read. */
  readonly operations: readonly Told[]
  readonly count: number
}

export interface Told {
  readonly operation: Operation
  /** Byte string; empty where there is none. */
  readonly name: string
}

const longestTag = 1024
const mostTold = 64

/** @param bytes the procedure's number and its arguments, as `rpc.carries` has them. @throws {Malformed} */
export function parse(bytes: Uint8Array): Compound {
  const xdr = new XdrReader(bytes)
  const procedure = xdr.u32()
  if (procedure > 1) throw new Malformed(`nfs4 procedure ${procedure}`)
  if (procedure === 0) return { procedure: 'null', tag: '', minorVersion: 0, operations: [], count: 0 }
  const [tag, minorVersion, count] = [xdr.string(longestTag), xdr.u32(), xdr.u32()]
  const operations: Told[] = []
  while (operations.length < Math.min(count, mostTold)) {
    const operation = operationOf(xdr.u32(), minorVersion)
    if (operation === undefined) break
    const read = readers[operation](xdr) as { readonly name?: string }
    operations.push({ operation, name: read.name ?? '' })
  }
  return { procedure: 'compound', tag, minorVersion, operations, count }
}

export function format({ procedure, tag, minorVersion, operations, count }: Compound): string {
  if (procedure === 'null') return 'nfs4 null'
  const words = operations.map(({ operation, name }) => (name === '' ? operation : `${operation} ${show(name)}`))
  const rest = count > operations.length ? [`and ${count - operations.length} more`] : []
  return [`nfs4.${minorVersion}`, ...(tag === '' ? [] : [show(tag)]), [...words, ...rest].join(', ')].join(' ')
}

const show = (text: string): string => JSON.stringify(legible(fromUtf8(latin1(text))))
