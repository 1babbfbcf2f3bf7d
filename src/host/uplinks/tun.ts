/** A TUN as a stream: IP packets of either version, without any header in front. */
import { TunStream } from './tun-stream.ts'

export class Tun extends TunStream {
  /** @param name of an interface that is made, or attached to when it is there; left out, the host chooses. @throws {HostError} */
  constructor(name?: string) {
    super('tun', name)
  }
}
