import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { StackPortServer } from '../../src/host/stack-port-server.ts'
import type { Answer } from '../../src/lab/stack-port/stack-port.ts'
import { readScripts, runScript } from '../lab/stack-port/script-runner.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-stack-'))
const path = join(folder, 'stack.sock')
const open: { readonly server: StackPortServer; readonly clients: Socket[] }[] = []

afterEach(async () => {
  for (const { server, clients } of open.splice(0)) {
    await Promise.all(clients.map((client) => new Promise((done) => void client.on('close', done).destroy())))
    server.close()
  }
  rmSync(path, { force: true })
})

afterAll(() => rmSync(folder, { recursive: true }))

/** @returns a call that asks over the socket and waits for its answer's line. */
async function served(): Promise<() => Promise<(line: string) => Promise<Answer>>> {
  const server = new StackPortServer(path)
  await server.open()
  const clients: Socket[] = []
  open.push({ server, clients })
  return async () => {
    const client = connect(path)
    clients.push(client)
    await new Promise((done) => void client.once('connect', done))
    const waiting: ((answer: Answer) => void)[] = []
    let text = ''
    client.on('data', (bytes) => {
      const lines = (text + String(bytes)).split('\n')
      text = lines.pop() as string
      for (const line of lines) waiting.shift()?.(JSON.parse(line) as Answer)
    })
    return (line) => new Promise((answered) => {
      waiting.push(answered)
      client.write(`${line}\n`)
    })
  }
}

describe('the stack’s port on a unix socket', () => {
  it('runs conformance scripts for a client', async () => {
    const dial = await served()
    for (const script of readScripts(join(import.meta.dirname, '../lab/stack-port/scripts/closing.txt')).slice(0, 3)) {
      const ask = await dial()
      await runScript(script, (request) => ask(JSON.stringify(request)))
    }
  })

  it('gives each connection a stack of its own, and answers several lines that come at once in order', async () => {
    const dial = await served()
    const [one, other] = [await dial(), await dial()]
    const answers = await Promise.all([one('{"id":1,"do":"socket"}'), one('nonsense'), one('{"id":3,"do":"poll"}')])
    expect(answers).toMatchObject([{ id: 1, value: 3 }, { ok: false, code: 'EPROTO' }, { id: 3, value: [{ socket: 3, ready: [] }] }])
    expect(await other('{"do":"poll"}')).toMatchObject({ value: [] })
  })

  it('takes the place of a socket that was left behind', async () => {
    await (await served())()
    const second = new StackPortServer(path)
    await second.open()
    second.close()
  })
})
