/** The lab's end of a session with a guest: what the control connection, or a file of this computer, carries goes to the guest's agent, and back. */
import type { Socket } from 'node:net'
import type { Lab } from '../lab/lab.ts'
import type { GuestJob, GuestMessageKind, GuestResult } from '../lab/magic/guest-link.ts'
import type { ControlReply } from './control-server.ts'
import { type GuestFile, sourceFile, targetFile } from './guest-files.ts'
import { formatGuestFrame, type GuestFrame, GuestFrames } from './guest-frames.ts'

export interface GuestRequest {
  readonly node: string
  readonly job: GuestJob
  /** The host's end of a copy, an absolute path; otherwise its bytes come and go by the connection. */
  readonly file?: string | undefined
}

/** @param stir called when something has come in, so that a lab at rest looks at it. @throws {ConfigError | HostError} when the node has no way in, or the file none. */
export function serveGuest(lab: Lab, { node, job, file }: GuestRequest, stir: () => void): ControlReply {
  const early: GuestFrame[] = []
  let tell = (frame: GuestFrame): void => void early.push(frame)
  const hear = file === undefined ? (frame: GuestFrame): void => tell(frame) : throughFile(job, file, (kind, bytes) => session.send(kind, bytes), (frame) => tell(frame))
  const session = lab.guests.open(node, job, hear)
  hear({ kind: 'open', bytes: new Uint8Array(0) })
  stir()
  const stream = (socket: Socket, rest: Uint8Array): void => {
    const frames = new GuestFrames()
    tell = (frame) => {
      if (socket.destroyed || frame.kind === 'open') return
      socket.write(formatGuestFrame(frame))
      if (frame.kind === 'result') socket.end()
    }
    for (const frame of early.splice(0)) tell(frame)
    const take = (bytes: Uint8Array): void => {
      try {
        for (const { kind, bytes: content } of frames.feed(bytes)) if (!session.send(kind, content)) socket.destroy()
        stir()
      } catch {
        // What isn't a message comes from no client of ours.
        socket.destroy()
      }
    }
    socket.on('data', take)
    socket.on('close', () => {
      session.close()
      hear({ kind: 'gone', bytes: new Uint8Array(0) })
      stir()
    })
    take(rest)
  }
  return { value: { present: session.present }, stream }
}

/** A hearer that keeps the copy's bytes here, and passes on how it ended; `open` begins it, `gone` calls it off. */
function throughFile(job: GuestJob, path: string, send: (kind: GuestMessageKind, bytes: Uint8Array) => boolean, tell: (frame: GuestFrame) => void): (frame: GuestFrame) => void {
  const source = job.do === 'put' ? sourceFile(path) : undefined
  const file: GuestFile = source ?? targetFile(path)
  let over = false
  const finish = (result: GuestResult): void => {
    if (over) return
    over = true
    try {
      file.close(result.trouble === undefined)
      tell(resultFrame({ ...result, bytes: file.count }))
    } catch (error) {
      tell(resultFrame({ code: 1, trouble: `${path}: ${(error as Error).message}` }))
    }
  }
  return (frame) => {
    if (over) return
    if (frame.kind === 'result') return finish(JSON.parse(Buffer.from(frame.bytes).toString('utf8')) as GuestResult)
    try {
      if (frame.kind === 'open') source?.begin(send)
      else if (frame.kind === 'gone') finish({ code: 1, trouble: 'called off' })
      else file.hear(frame, send)
    } catch (error) {
      send('gone', new Uint8Array(0))
      finish({ code: 1, trouble: `${path}: ${(error as Error).message}` })
    }
  }
}

const resultFrame = (result: GuestResult): GuestFrame => ({ kind: 'result', bytes: Buffer.from(JSON.stringify(result)) })
