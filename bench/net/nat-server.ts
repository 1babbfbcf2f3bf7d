/** The far side of bench/net/nat.ts and nat-peers.ts, a process of its own: what comes to one port is thrown away, another sends without end, a third echoes. */
import { createServer, type Socket } from 'node:net'
import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

const block = new Uint8Array(256 * 1024)

function pour(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write(block));
  }
  socket.on('drain', more)
  more()
}

const behaviours: Readonly<Record<string, (socket: Socket) => void>> = { sink: (socket) => void socket.resume(), source: pour, echo: (socket) => void socket.setNoDelay(true).pipe(socket) }
const ports: Record<string, number> = {}
for (const [name, behave] of Object.entries(behaviours)) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    behave(socket)
  })
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
  ports[name] = (server.address() as AddressInfo).port
}
const udp = createSocket('udp4', (bytes, { port, address }) => udp.send(bytes, port, address))
await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve))
const all = { ...ports, udp: udp.address().port }
if (process.send === undefined) process.stdout.write(`${JSON.stringify(all)}\n`)
else process.send(all)
process.on('disconnect', () => process.exit(0))
