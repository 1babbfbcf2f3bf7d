/** A TAP as a stream: Ethernet frames, without the frame check sequence. */
import { TunStream } from './tun-stream.ts'

export class Tap extends TunStream {
  /** @param name of an interface that is made, or attached to when it is there; left out, the host chooses. @throws {HostError} */
  constructor(name?: string) {
    super('tap', name)
  }
}
