// A web application as anybody writes one, with nothing in it that knows of a lab.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { WebSocketServer } from 'ws'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import dns, { lookup } from 'node:dns'
import dgram from 'node:dgram'
import { answers } from './answers.mjs'

export default ({ greeting }) => {
  const app = new Hono()
  app.get('/', (context) => context.text(`${greeting} at ${new Date().toISOString()}, ${Math.random()}, ${randomUUID()}`))
  app.get('/slow', async (context) => {
    await wait(1500)
    await new Promise((done) => setTimeout(done, 500))
    return context.json({ after: performance.now(), answers: answers(20) })
  })
  app.get('/who', (context) => new Promise((done) => lookup('b', (error, address) => done(context.json({ address, same: dns.lookup === lookup })))))
  app.post('/echo', async (context) => context.body(await context.req.arrayBuffer()))
  app.get('/out', async (context) => context.text(await fetch('http://192.0.2.1/').then(() => 'reached', (error) => error.code)))
  const server = serve({ fetch: app.fetch, port: 8080 })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(`${greeting} ${message}`)))
  const udp = dgram.createSocket('udp4', (message, from) => udp.send(message, from.port, from.address)).bind(7)
  return () => [server, udp].forEach((each) => each.close())
}
