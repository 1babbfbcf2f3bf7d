/** Joins a stream (socket, terminal, pipe) to a serial port, both ways and bounded both ways, until it closes. */
import type { Duplex } from 'node:stream'
import { Outflow } from './outflow.ts'
import type { PortSide } from './port-side.ts'
import { SafeOutput } from './safe-output.ts'

/** What stands between the stream's bytes and the line's characters. */
export interface Coding {
  decode(bytes: Uint8Array): Uint8Array
  encode(bytes: Uint8Array): Uint8Array
}

export interface AttachOptions {
  readonly coding?: Coding
  /** Where what the guest says goes, when that is not the same stream; undefined: the stream. */
  readonly output?: NodeJS.WritableStream
}

/** How often a sender that was made to wait is looked at, in milliseconds. */
const lookAgain = 20

/** @param gone called once, when it has closed. @returns how to let go, which ends the stream. */
export function attachStream(side: PortSide, stream: Duplex, gone: () => void, { coding, output = stream }: AttachOptions = {}): () => void {
  const { bufferBytes, full, safe } = side.plan
  const filter = safe ? new SafeOutput() : undefined
  const outflow: Outflow = new Outflow({ bufferBytes, full, write: (bytes) => output.write(bytes), hold: (held) => side.hold(outflow, held) })
  const say = (bytes: Uint8Array): void => {
    const shown = filter === undefined ? bytes : filter.feed(bytes)
    if (shown.length > 0) outflow.push(coding === undefined ? shown : coding.encode(shown))
  }
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    timer = undefined
    if (side.crowded) timer = setTimeout(wait, lookAgain)
    else stream.resume()
  }
  let open = true
  const leave = (): void => {
    if (!open) return
    open = false
    clearTimeout(timer)
    stop()
    outflow.close()
    gone()
  }
  say(side.past)
  const stop = side.listen(say)
  output.on('drain', () => outflow.ready())
  stream.on('data', (bytes: Uint8Array) => {
    side.type(coding === undefined ? new Uint8Array(bytes) : coding.decode(bytes))
    if (!side.crowded || timer !== undefined) return
    stream.pause()
    timer = setTimeout(wait, lookAgain)
  })
  stream.on('end', () => stream.end())
  stream.on('error', () => stream.destroy())
  if (output !== stream) output.on('error', () => stream.destroy())
  stream.on('close', leave)
  return () => {
    leave()
    if (output === stream) stream.end(() => stream.destroy())
    else stream.destroy()
  }
}
