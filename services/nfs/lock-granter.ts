/** Tells machines that what they wait for is theirs: asks their rpcbind where their lock manager is, and calls it. Over UDP; XNFS §10.3. */
import type { Alarm, Instant, Scheduler } from '../../src/base/time.ts'
import { Malformed } from '../../src/base/errors.ts'
import { after, between, seconds } from '../../src/base/time.ts'
import type { Sockets, UdpSocket } from '../../src/stack/sockets.ts'
import { grantedProcedure, type LockWords, putLock, status } from '../../src/wire/nlm.ts'
import { port as rpcbindPort, protocols } from '../../src/wire/portmap.ts'
import { buildCall, parse, programs } from '../../src/wire/rpc.ts'
import { XdrReader, XdrWriter } from '../../src/wire/xdr.ts'

const patience = seconds(2)
const mostTries = 5
const mostCalls = 1024
const getport = 3

export interface Grant {
  readonly address: string
  /** Of NLM, as the machine asked. */
  readonly version: number
  readonly exclusive: boolean
  readonly lock: LockWords
  /** Told once: whether the machine has taken it. */
  readonly done: (taken: boolean) => void
}

interface Call {
  readonly grant: Grant
  /** Of its lock manager; undefined while its rpcbind is asked. */
  port: number | undefined
  tries: number
  /** When it is sent again. */
  due: Instant
}

export class LockGranter {
  readonly #sockets: Sockets
  readonly #scheduler: Scheduler
  readonly #alarm: Alarm
  readonly #calls = new Map<number, Call>()
  #socket: UdpSocket | undefined
  #xid = 0

  constructor(sockets: Sockets, scheduler: Scheduler, name: string) {
    this.#sockets = sockets
    this.#scheduler = scheduler
    this.#alarm = scheduler.alarm(`${name} grants`, () => this.#again())
  }

  call(grant: Grant): void {
    if (this.#calls.size >= mostCalls) return grant.done(false)
    const xid = this.#number({ grant, port: undefined, tries: 0, due: this.#scheduler.now })
    this.#send(xid)
    if (this.#alarm.due === undefined) this.#alarm.arm(patience)
  }

  close(): void {
    this.#alarm.disarm()
    this.#socket?.close()
    this.#calls.clear()
  }

  #number(call: Call): number {
    this.#xid = (this.#xid + 1) >>> 0
    this.#calls.set(this.#xid, call)
    return this.#xid
  }

  #send(xid: number): void {
    const call = this.#calls.get(xid) as Call
    const { grant, port } = call
    call.tries++
    call.due = after(this.#scheduler.now, patience)
    this.#socket ??= this.#sockets.bind({ address: '0.0.0.0', port: 0 }, (payload, { from }) => this.#hear(payload, from.address))
    const xdr = new XdrWriter()
    if (port === undefined) xdr.u32(programs.lockManager).u32(grant.version).u32(protocols.udp).u32(0)
    else putLock(xdr.u32(4).u32(xid).bool(grant.exclusive), grant.version, grant.lock)
    const what = port === undefined ? { program: programs.portmap, version: 2, procedure: getport } : { program: programs.lockManager, version: grant.version, procedure: grantedProcedure }
    this.#socket.send(buildCall({ xid, ...what, payload: xdr.bytes }), { address: grant.address, port: port ?? rpcbindPort })
  }

  #hear(payload: Uint8Array, address: string): void {
    try {
      const message = parse(payload)
      const call = message.kind === 'reply' ? this.#calls.get(message.xid) : undefined
      if (message.kind !== 'reply' || call === undefined || call.grant.address !== address) return
      const good = message.verdict.kind === 'accepted' && message.verdict.status === 0
      this.#answered(message.xid, call, good ? new XdrReader(message.payload) : undefined)
    } catch (error) {
      // What can't be read is no answer: we ask again.
      if (!(error instanceof Malformed)) throw error
    }
  }

  /** @param xdr results; undefined for a refusal. */
  #answered(xid: number, call: Call, xdr: XdrReader | undefined): void {
    if (call.port === undefined) {
      const port = xdr?.u32() ?? 0
      this.#calls.delete(xid)
      if (port === 0 || port > 0xffff) return call.grant.done(false)
      return this.#send(this.#number({ grant: call.grant, port, tries: 0, due: this.#scheduler.now }))
    }
    xdr?.opaque(1024)
    const taken = xdr?.u32() === status.granted
    this.#calls.delete(xid)
    call.grant.done(taken)
  }

  #again(): void {
    for (const [xid, call] of this.#calls) {
      if (call.due > this.#scheduler.now) continue
      if (call.tries < mostTries) this.#send(xid)
      else {
        this.#calls.delete(xid)
        call.grant.done(false)
      }
    }
    const next = Math.min(...Array.from(this.#calls.values(), ({ due }) => due)) as Instant
    if (this.#calls.size > 0) this.#alarm.arm(between(this.#scheduler.now, next))
  }
}
