/** Asks a running lab something, from another process. */
import { connect, type Socket } from 'node:net'
import { ConfigError } from '../base/errors.ts'
import { nearest } from '../lab/suggest.ts'
import { type ControlAnswer, type ControlRequest, FirstLine } from './control-protocol.ts'
import { HostError } from './host-error.ts'
import { type RunningLab, runningLabs, socketPath } from './runtime-folder.ts'

/** The lab called `name`, or the only one there is. @throws {HostError | ConfigError} */
export function findLab(name: string | undefined): RunningLab {
  const labs = runningLabs()
  if (name === undefined) {
    if (labs.length === 1) return labs[0]
    if (labs.length === 0) throw new HostError('ESRCH', 'no lab is running', 'start one: netloom up FILE')
    throw new ConfigError(`${labs.length} labs are running: ${labs.map((lab) => lab.name).join(', ')}`, undefined, 'say which: --name NAME')
  }
  const lab = labs.find((one) => one.name === name)
  if (lab !== undefined) return lab
  const near = nearest(name, labs.map((one) => one.name))
  throw new ConfigError(`no lab called ${name} is running`, undefined, near === undefined ? 'netloom ps lists them' : `did you mean "${near}"?`)
}

/** @returns the answer's value. @throws {ConfigError | HostError} what the lab refused. */
export async function ask(name: string, request: ControlRequest): Promise<unknown> {
  const { value, socket } = await open(name, request)
  socket.destroy()
  return value
}

/** Asks, and keeps the connection for the bytes that follow; `rest` is what came behind the answer already. */
export function open(name: string, request: ControlRequest): Promise<{ value: unknown; socket: Socket; rest: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath(name))
    const first = new FirstLine()
    const fail = (why: string): void => reject(new HostError('ECONNRESET', `the lab ${name} does not answer: ${why}`, 'netloom ps shows what is running'))
    const hear = (bytes: Buffer): void => {
      const cut = first.feed(bytes)
      if (cut === undefined) return
      socket.pause()
      socket.off('data', hear)
      socket.removeAllListeners('error')
      socket.on('error', () => socket.destroy())
      const answer = JSON.parse(cut.line) as ControlAnswer
      if (answer.ok) resolve({ value: answer.value, socket, rest: cut.rest })
      else {
        socket.destroy()
        reject(answer.code === 'config' ? new ConfigError(answer.message, undefined, answer.hint) : new HostError('ELAB', answer.message, answer.hint))
      }
    }
    socket.on('data', hear)
    socket.on('error', (error) => fail(error.message))
    socket.on('end', () => fail('it hung up'))
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`))
  })
}
