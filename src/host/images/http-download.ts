/** One file over HTTP(S) into a file on disk: redirects, going on where a killed download stopped (RFC 9110 §14), and an end to waiting. */
import { createWriteStream, statSync } from 'node:fs'
import { get as getPlain, type IncomingMessage } from 'node:http'
import { get as getSecure } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { HostError } from '../host-error.ts'

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined
  /** Bytes on disk so far, and how many there will be if the server says so. */
  readonly hear?: (bytes: number, total: number | undefined) => void
  /** Refuses more than this. */
  readonly limitBytes: number
}

/** Without a byte for this long a server is given up, in milliseconds. */
const silence = 30_000
const redirectsMost = 5

/**
 * Fills `file` with what is at `url`; what `file` holds already is taken for the beginning.
 * @throws {HostError} EMIRROR, with a `cause`; `message` names the address.
 */
export async function download(url: string, file: string, options: DownloadOptions): Promise<void> {
  const have = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  try {
    let response = await request(url, have, options.signal)
    if (response.statusCode === 416) {
      response.destroy()
      response = await request(url, 0, options.signal)
    }
    await store(response, file, have, options)
  } catch (error) {
    if (error instanceof HostError || (error as Error).name === 'AbortError') throw error
    throw new HostError('EMIRROR', `${url} can't be fetched: ${reason(error as NodeJS.ErrnoException)}`, 'check the network, or set NETLOOM_DEBIAN_MIRROR to another mirror', error)
  }
}

async function store(response: IncomingMessage, file: string, have: number, { hear, limitBytes, signal }: DownloadOptions): Promise<void> {
  const from = response.statusCode === 206 ? have : 0
  const length = response.headers['content-length']
  const total = length === undefined ? undefined : from + Number(length)
  let bytes = from
  response.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes > limitBytes) response.destroy(new Error(`it is longer than the ${limitBytes} bytes it should have`))
    else hear?.(bytes, total)
  })
  const written = createWriteStream(file, { flags: from > 0 ? 'a' : 'w' })
  const closed = new Promise<void>((resolve) => written.once('close', () => resolve()))
  // An open that is under way still makes the file after the pipeline has failed: who is told of the failure may remove the folder.
  await pipeline(response, written, { signal }).finally(() => closed)
}

async function request(url: string, from: number, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  let address = new URL(url)
  for (let hop = 0; hop <= redirectsMost; hop++) {
    const response = await ask(address, from, signal)
    const status = response.statusCode ?? 0
    if (status === 200 || status === 206 || (status === 416 && from > 0)) return response
    response.resume()
    const next = response.headers.location
    if (status < 300 || status > 399 || next === undefined) throw new Error(`the server answers ${status} ${response.statusMessage ?? ''}`.trim())
    address = new URL(next, address)
  }
  throw new Error(`more than ${redirectsMost} redirects`)
}

function ask(address: URL, from: number, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  if (address.protocol !== 'http:' && address.protocol !== 'https:') throw new Error(`"${address.protocol}" needs apt; without it a mirror is http or https`)
  const headers = from > 0 ? { range: `bytes=${from}-` } : {}
  const proxy = address.protocol === 'http:' ? (process.env['http_proxy'] ?? '') : ''
  const target = proxy === '' || passesProxy(address.hostname) ? address : new URL(proxy)
  const path = target === address ? `${address.pathname}${address.search}` : address.href
  return new Promise((resolve, reject) => {
    const get = target.protocol === 'https:' ? getSecure : getPlain
    const options = { hostname: target.hostname.replace(/^\[|\]$/g, ''), port: target.port, path, headers: { ...headers, host: address.host }, timeout: silence, ...(signal === undefined ? {} : { signal }) }
    const asked = get(options, resolve)
    asked.on('error', reject)
    asked.on('timeout', () => asked.destroy(new Error(`nothing came for ${silence / 1000} s`)))
  })
}

/** no_proxy: names and domains, by commas. */
function passesProxy(host: string): boolean {
  const exempt = (process.env['no_proxy'] ?? '').split(',').map((name) => name.trim().replace(/^\*?\./, ''))
  return exempt.some((name) => name === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`))))
}

function reason(error: NodeJS.ErrnoException & { errors?: Error[] }): string {
  const words: Record<string, string> = { ENOTFOUND: 'there is no such host', EAI_AGAIN: 'its name can’t be resolved just now', ECONNREFUSED: 'nobody listens there', ENOSPC: 'the disk is full', ERR_STREAM_PREMATURE_CLOSE: 'the connection broke' }
  return words[error.code ?? ''] ?? error.message ?? error.errors?.[0]?.message ?? 'unknown'
}
