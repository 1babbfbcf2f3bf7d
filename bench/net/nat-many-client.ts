/** The client of nat-many.ts: `nat-many-client.ts ADDRESS PORT FLOWS` opens them all, has each echo a byte, says `held`, and at the next line of input has each echo another. */
import { connect, type Socket } from 'node:net'

const [address, port, flows] = process.argv.slice(2)
/** Dials under way at once. */
const opening = 200
const sockets: Socket[] = []
let failed = 0

function echoed(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), 30_000)
    socket.once('data', () => {
      clearTimeout(late)
      resolve(true)
    })
    socket.write(Uint8Array.of(1))
  })
}

function opened(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: Number(port), noDelay: true })
    socket.once('connect', () => {
      sockets.push(socket)
      resolve()
    })
    socket.on('error', () => {
      failed++
      resolve()
    })
  })
}

const start = performance.now()
let left = Number(flows)
await Promise.all(Array.from({ length: opening }, async () => {
  while (left-- > 0) await opened()
}))
const rate = (sockets.length * 1000) / (performance.now() - start)
const first = await Promise.all(sockets.map(echoed))
process.stdout.write(`${sockets.length} opened at ${rate.toFixed(0)}/s, ${failed} failed, ${first.filter(Boolean).length} echoed\nheld\n`)
await new Promise((resolve) => void process.stdin.once('data', resolve))
const second = await Promise.all(sockets.map(echoed))
process.stdout.write(`${second.filter(Boolean).length} echoed once more\n`)
for (const socket of sockets) socket.resetAndDestroy()
process.stdin.destroy()
