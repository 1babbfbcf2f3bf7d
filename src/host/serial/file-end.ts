/** Files as the end of a serial line: one takes what the guest says, the other is what it hears. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs'
import { HostError } from '../host-error.ts'
import type { PortSide, SerialEnd } from './port-side.ts'

/** How often the guest is looked at while it is behind, in milliseconds. */
const look = 20

/** @throws {HostError} */
export function openFileEnd(side: PortSide, write: string | undefined, read: string | undefined): SerialEnd {
  const stops = [...(write === undefined ? [] : [writeFile(side, write)]), ...(read === undefined ? [] : [readFile(side, read)])]
  return { close: () => stops.forEach((stop) => stop()) }
}

function writeFile(side: PortSide, name: string): () => void {
  const descriptor = open(side, name, 'w')
  // Of a lab that was brought back; any other has said nothing yet.
  writeSync(descriptor, side.said)
  const leave = side.listen((bytes) => writeSync(descriptor, bytes))
  return () => {
    leave()
    closeSync(descriptor)
  }
}

function readFile(side: PortSide, name: string): () => void {
  const stream = createReadStream('', { fd: open(side, name, 'r') })
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    if (side.crowded) timer = setTimeout(wait, look)
    else stream.resume()
  }
  stream.on('error', (error) => side.tell(`${side.name}: ${name}: ${error.message}`))
  stream.on('data', (bytes) => {
    side.type(new Uint8Array(bytes as Buffer))
    if (!side.crowded) return
    stream.pause()
    timer = setTimeout(wait, look)
  })
  return () => {
    clearTimeout(timer)
    stream.destroy()
  }
}

function open(side: PortSide, name: string, flags: 'r' | 'w'): number {
  try {
    return openSync(side.path(name), flags)
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, `cannot open ${name} for the serial port ${side.name}: ${message}`, 'name another file under serial', error)
  }
}
