/** Telnet between a socket and a serial port: characters both ways, COM port control beside them. */
import type { Coding } from './attach-stream.ts'
import { ComPortClient, ComPortServer } from './com-port.ts'
import type { PortSide } from './port-side.ts'
import { options } from './telnet-options.ts'
import { TelnetStream } from './telnet-stream.ts'

export class TelnetCoding implements Coding {
  readonly #stream: TelnetStream
  readonly #side: PortSide
  readonly #comPort: ComPortServer | ComPortClient
  readonly #stop: () => void
  #controlled = false

  constructor(side: PortSide, role: 'server' | 'client', send: (bytes: Uint8Array) => void) {
    this.#side = side
    const both = [options.binary, options.suppressGoAhead, options.comPort]
    this.#stream = new TelnetStream({
      ours: role === 'server' ? [...both, options.echo] : both,
      theirs: role === 'client' ? [...both, options.echo] : both,
      send,
      enabled: (option) => option === options.comPort && this.#begin(),
      subnegotiation: (option, bytes) => option === options.comPort && this.#comPort.receive(bytes),
      break: () => side.break(),
    })
    const traits = {
      settings: () => side.line.settings,
      outputs: () => side.line.outputs,
      send: (command: number, bytes: Uint8Array) => this.#stream.subnegotiate(options.comPort, Uint8Array.of(command, ...bytes)),
      raise: (inputs: number) => side.raise(inputs),
      break: () => side.break(),
      suspend: (suspended: boolean) => side.hold(this, suspended),
    }
    this.#comPort = role === 'server' ? new ComPortServer(traits) : new ComPortClient(traits)
    this.#stop = side.hearOutputs((outputs) => this.#controlled && this.#comPort.changed(outputs))
    // A server's side: the guest echoes, and nobody waits for a line's end.
    if (role !== 'server') return
    this.#stream.ask(options.echo, 'ours')
    this.#stream.ask(options.suppressGoAhead, 'ours')
    this.#stream.ask(options.binary, 'ours')
    this.#stream.ask(options.binary, 'theirs')
  }

  decode(bytes: Uint8Array): Uint8Array {
    return this.#stream.receive(bytes)
  }

  encode(bytes: Uint8Array): Uint8Array {
    return this.#stream.encode(bytes)
  }

  close(): void {
    this.#stop()
    this.#side.hold(this, false)
  }

  #begin(): void {
    if (this.#controlled) return
    this.#controlled = true
    this.#comPort.begin()
  }
}
