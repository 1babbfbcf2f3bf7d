/** Standard input and output as the end of a serial line, for scripts: `netloom up -q lab.yaml <commands >answers`. A terminal's hands have `netloom console`. */
import { Outflow } from './outflow.ts'
import type { PortSide, SerialEnd } from './port-side.ts'
import { SafeOutput } from './safe-output.ts'

/** How often the guest is looked at while it is behind, in milliseconds. */
const look = 20

export function openStdioEnd(side: PortSide): SerialEnd {
  const { stdin, stdout } = process
  const { bufferBytes, full, safe } = side.plan
  const filter = safe ? new SafeOutput() : undefined
  const outflow: Outflow = new Outflow({ bufferBytes, full, write: (bytes) => stdout.write(bytes), hold: (held) => side.hold(outflow, held) })
  const ready = (): void => outflow.ready()
  const stop = side.listen((bytes) => outflow.push(filter === undefined ? bytes : filter.feed(bytes)))
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    timer = undefined
    if (side.crowded) timer = setTimeout(wait, look)
    else stdin.resume()
  }
  const hear = (bytes: Uint8Array): void => {
    side.type(new Uint8Array(bytes))
    if (!side.crowded || timer !== undefined) return
    stdin.pause()
    timer = setTimeout(wait, look)
  }
  stdout.on('drain', ready)
  stdin.on('data', hear)
  return {
    close: () => {
      clearTimeout(timer)
      stop()
      stdin.off('data', hear)
      stdin.pause()
      stdout.off('drain', ready)
      outflow.close()
    },
  }
}
