// A server as anybody writes one, with nothing in it that knows of a lab.
const http = require('node:http')
const net = require('net')
const dgram = require('dgram')
const fs = require('node:fs')

module.exports = (options) => {
  const started = Date.now()
  const web = http.createServer((request, response) => {
    if (request.url === '/file') return fs.readFile(__filename, (error, bytes) => response.end(String(bytes.length)))
    setTimeout(() => {
      response.setHeader('Content-Type', 'text/plain')
      response.end(`${options.greeting} ${request.url} after ${Date.now() - started} ms`)
    }, 1500)
  }).listen(8080)
  const echo = net.createServer((socket) => socket.pipe(socket)).listen({ port: 7 })
  const udp = dgram.createSocket('udp4', (message, from) => udp.send(message, from.port, from.address)).bind(7)
  return () => [web, echo, udp].forEach((each) => each.close())
}
