/** A pseudo terminal as the end of a serial line: screen and minicom open it, one after the other or again. */
import { lstatSync, rmSync, symlinkSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { HostError } from '../host-error.ts'
import { attachStream } from './attach-stream.ts'
import type { PortSide, SerialEnd } from './port-side.ts'
import { terminals } from './terminal-calls.ts'

/** A pty whose other side nobody has open says so for ever, and Linux has no event for the moment that somebody does: it is looked at so often, in milliseconds. */
const look = 100

/** @param link a path that leads to it, made here and taken away at the end. @throws {HostError} */
export function openPtyEnd(side: PortSide, link: string | undefined): SerialEnd {
  const calls = terminals()
  const { master, path } = calls.makePty()
  const at = link === undefined ? undefined : side.path(link)
  if (at !== undefined) makeLink(at, path)
  side.tell(`${side.name} is on ${at ?? path}: screen ${at ?? path}`)
  let leave: (() => void) | undefined
  const timer = setInterval(() => {
    if (leave !== undefined || !calls.attended(master)) return
    // The stream owns its descriptor; the pair lives on by ours.
    const stream = new ReadStream(calls.duplicate(master))
    leave = attachStream(side, stream, () => {
      leave = undefined
    })
  }, look)
  timer.unref()
  return {
    close: () => {
      clearInterval(timer)
      leave?.()
      calls.close(master)
      if (at !== undefined) rmSync(at, { force: true })
    },
  }
}

/** A link that is there already was left behind by a killed lab; anything else is somebody's file. */
function makeLink(at: string, path: string): void {
  const there = lstatSync(at, { throwIfNoEntry: false })
  if (there !== undefined && !there.isSymbolicLink()) throw new HostError('EEXIST', `${at} is there already, and no link`, 'name another path under serial.pty')
  rmSync(at, { force: true })
  symlinkSync(path, at)
}
