/** The client of bench/net/nat-peers.ts, in a namespace behind a NAT: `nat-client.ts ADDRESS PORT SECONDS` prints a round trip and connections a second. */
import { connect } from 'node:net'
import { summary } from '../summary.ts'

const [address, port, seconds] = process.argv.slice(2)
const to = { host: address, port: Number(port), noDelay: true }
const byte = Uint8Array.of(1)

function roundTrips(milliseconds: number): Promise<number> {
  return new Promise((resolve) => {
    const times: number[] = []
    const end = performance.now() + milliseconds
    let sent = 0
    const socket = connect(to, () => {
      sent = performance.now()
      socket.write(byte)
    })
    socket.on('data', () => {
      times.push((performance.now() - sent) * 1000)
      sent = performance.now()
      if (sent < end) return void socket.write(byte)
      socket.destroy()
      resolve(summary(times).median)
    })
  })
}

/** One after the other: each connected, and reset so that no port stays taken. */
async function connects(milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  let count = 0
  for (; performance.now() < end; count++) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(to, () => {
        socket.resetAndDestroy()
        resolve()
      })
      socket.on('error', reject)
    })
  }
  return (count * 1000) / milliseconds
}

const span = Number(seconds) * 1000
process.stdout.write(`${JSON.stringify({ roundTrip: await roundTrips(span), connects: await connects(span) })}\n`)
