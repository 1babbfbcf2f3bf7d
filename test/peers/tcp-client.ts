/** Linux' TCP by Node: sends random bytes to an echo, closes its half, reads on, and says whether what came back is what it sent. Arguments: size in bytes, and who echoes. */
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'

const data = randomBytes(Number(process.argv[2]))
const echoed = createHash('sha256')
let count = 0
const socket = connect({ host: process.argv[3] ?? '10.9.0.2', port: 7, allowHalfOpen: true })
socket.on('connect', () => socket.end(data))
socket.on('data', (bytes) => {
  count += bytes.length
  echoed.update(bytes)
})
socket.on('error', (error) => console.log(`error ${(error as NodeJS.ErrnoException).code}`))
socket.on('end', () => console.log(`${count} ${echoed.digest('hex') === createHash('sha256').update(data).digest('hex') ? 'exact' : 'WRONG'}`))
