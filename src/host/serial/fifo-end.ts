/** Two named pipes as the end of a serial line: PATH.in, which the guest hears, and PATH.out, which takes what it says whenever somebody reads it. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { HostError } from '../host-error.ts'
import { Outflow } from './outflow.ts'
import type { PortSide, SerialEnd } from './port-side.ts'

/** Opening for writing is refused until there is a reader: tried so often, in milliseconds; and a writer that was made to wait is looked at. */
const look = 50

/** The pipes are made where they are not, and stay. @throws {HostError} */
export function openFifoEnd(side: PortSide, input: string, output: string): SerialEnd {
  const stopReading = read(side, makeFifo(side.path(input)))
  const stopWriting = write(side, makeFifo(side.path(output)))
  return {
    close: () => {
      stopReading()
      stopWriting()
    },
  }
}

function makeFifo(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isFIFO() === true) return path
  if (there !== undefined) throw new HostError('EEXIST', `${path} is there already, and no named pipe`, 'name another path under serial.fifo')
  try {
    execFileSync('mkfifo', ['-m', '600', path], { stdio: 'pipe' })
  } catch (error) {
    throw new HostError('EIO', `cannot make the named pipe ${path}: ${(error as Error).message.split('\n')[0]}`, `mkfifo ${path}`, error)
  }
  return path
}

function read(side: PortSide, path: string): () => void {
  // Open for both, so that it doesn't end with its last writer.
  const pipe = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false })
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    timer = undefined
    if (side.crowded) timer = setTimeout(wait, look)
    else pipe.resume()
  }
  pipe.on('error', () => pipe.destroy())
  pipe.on('data', (bytes) => {
    side.type(new Uint8Array(bytes))
    if (!side.crowded || timer !== undefined) return
    pipe.pause()
    timer = setTimeout(wait, look)
  })
  return () => {
    clearTimeout(timer)
    pipe.destroy()
  }
}

function write(side: PortSide, path: string): () => void {
  let pipe: Socket | undefined
  const outflow: Outflow = new Outflow({ bufferBytes: side.plan.bufferBytes, full: side.plan.full, write: (bytes) => pipe?.write(bytes) ?? false, hold: (held) => side.hold(outflow, held) })
  const attempt = (): void => {
    if (pipe !== undefined) return
    const fd = tryOpen(path)
    if (fd === undefined) return
    pipe = new Socket({ fd, readable: false, writable: true })
    pipe.on('drain', () => outflow.ready())
    pipe.on('error', () => pipe?.destroy())
    pipe.on('close', () => {
      pipe = undefined
      outflow.close()
    })
    outflow.push(side.past)
    outflow.ready()
  }
  const stop = side.listen((bytes) => {
    attempt()
    if (pipe !== undefined) outflow.push(bytes)
  })
  const timer = setInterval(attempt, look)
  timer.unref()
  return () => {
    clearInterval(timer)
    stop()
    outflow.close()
    pipe?.end()
  }
}

/** @returns undefined while nobody reads. */
function tryOpen(path: string): number | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    return fd
  } catch {
    if (fd !== undefined) closeSync(fd)
    return undefined
  }
}
