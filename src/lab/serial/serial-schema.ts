/** `serial:` of a node in the lab file. */
import * as z from 'zod'
import { size } from '../units.ts'

const path = z.string({ error: 'expected a path' }).min(1, { error: 'expected a path' })
const port = z.int({ error: 'expected a port number' }).min(1, { error: 'ports are 1 to 65535' }).max(65535, { error: 'ports are 1 to 65535' })
const hostPort = z.union([port, z.string().regex(/^(?:[^:\s]+|\[[^\]\s]+\]):\d{1,5}$/)], { error: 'expected a port, or "host:port"' })
const remote = z.strictObject({ connect: hostPort.describe('Where somebody listens') })
const bytes = z.string({ error: `expected a size with its unit, like ${size.example}` }).regex(size.pattern, { error: `expected a size with its unit, like ${size.example}` }).transform((written) => size.read(written))

const serialPort = z.strictObject({
  port: z.int().min(0, { error: 'ports are 0 (the console) to 3' }).max(3, { error: 'ports are 0 (the console) to 3' }).optional().describe('Which one: 0 is the console, ttyS0. By its place in the list when left out'),
  rate: z.union([z.enum(['max', 'guest']), z.int().min(50).max(10_000_000)], { error: 'expected max, guest (what it sets, 115,200 bit/s until it does) or bits a second' }).optional().describe('max where it is the console, else guest, when left out'),
  to: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}(?::[0-3])?$/, { error: 'expected a node, or "node:port"' }).optional().describe('A null modem to another node: node2, or "node2:1"'),
  log: path.optional().describe('A file that takes all that the port says, beside its other ends'),
  file: z.union([path, z.strictObject({ write: path.optional(), read: path.optional() })], { error: 'expected ./path, or { write: ./path, read: ./path }' }).optional().describe('Takes what the port says; read: what it hears'),
  pty: z.union([z.literal(true), path, z.strictObject({ link: path })], { error: 'expected true, or a path for a link to it' }).optional().describe('A pseudo terminal, for screen and minicom'),
  fifo: path.optional().describe('Two named pipes: PATH.in and PATH.out'),
  tcp: z.union([hostPort, remote], { error: 'expected a port, "host:port" or { connect: "host:port" }' }).optional(),
  telnet: z.union([hostPort, remote], { error: 'expected a port, "host:port" or { connect: "host:port" }' }).optional().describe('With RFC 2217, by which the other side sees and sets rate, modem lines and breaks'),
  unix: z.union([path, z.strictObject({ connect: path })], { error: 'expected a path, or { connect: ./path }' }).optional(),
  websocket: z.union([hostPort, z.strictObject({ connect: z.string().regex(/^wss?:\/\//, { error: 'expected ws://host:port/' }) })], { error: 'expected a port, "host:port" or { connect: ws://host:port/ }' }).optional(),
  stdio: z.literal(true, { error: 'expected true' }).optional().describe('Standard input and output of netloom; at most one port of the lab'),
  device: path.optional().describe('A serial port of this computer: /dev/ttyUSB0'),
  buffer: bytes.optional().describe('What may wait for whoever reads slowly; 64K when left out'),
  full: z.enum(['block', 'drop-oldest'], { error: 'expected block or drop-oldest' }).optional().describe('When so much waits: block makes the guest wait, drop-oldest (when left out) loses the oldest'),
  safe: z.boolean({ error: 'expected true or false' }).optional().describe('Leaves out escape sequences by which a guest makes a terminal answer, or do more than show text; true for stdio when left out'),
})

export const serialSchema = z.union([serialPort, z.array(serialPort.nullable(), { error: 'expected a list of ports' }).max(4, { error: 'a machine has at most 4 serial ports' })], { error: 'expected { pty: true }, { to: node2 } … or a list of them' })

export type SerialText = z.output<typeof serialSchema>
export type SerialPortText = z.output<typeof serialPort>
