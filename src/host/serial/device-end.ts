/** A serial port of this computer as the end of a guest's: characters, rate, modem lines and breaks are passed on. */
import { modemInputs } from '../../link/modem.ts'
import { ReadStream } from 'node:tty'
import { attachStream } from './attach-stream.ts'
import type { PortSide, SerialEnd } from './port-side.ts'
import { terminals } from './terminal-calls.ts'

/** Modem inputs have no event that a thread needn't wait for: they and the guest's rate are looked at so often, in milliseconds. */
const look = 50

/** @throws {HostError} when it can't be opened, or is no terminal. */
export function openDeviceEnd(side: PortSide, path: string): SerialEnd {
  const calls = terminals()
  let rate = side.line.settings.rateBps
  const fd = calls.openDevice(side.path(path), rate)
  // The stream owns its descriptor.
  const leave = attachStream(side, new ReadStream(calls.duplicate(fd)), () => side.tell(`${side.name}: ${path} has hung up`))
  const stop = side.hearOutputs((outputs) => calls.raise(fd, outputs))
  calls.raise(fd, side.line.outputs)
  const timer = setInterval(() => {
    const inputs = calls.inputs(fd)
    if (inputs !== undefined) side.raise(inputs & (modemInputs.cts | modemInputs.dsr | modemInputs.dcd | modemInputs.ri))
    const { rateBps } = side.line.settings
    if (rateBps === rate) return
    rate = rateBps
    calls.setRate(fd, rate)
  }, look)
  timer.unref()
  return {
    close: () => {
      clearInterval(timer)
      stop()
      leave()
      calls.close(fd)
    },
  }
}
