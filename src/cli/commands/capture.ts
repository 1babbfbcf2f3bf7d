/** `netloom capture [NET|NODE[:IF]]`: frames of a running lab as pcapng, into a file or a pipe (`-w - | tshark -r -`). */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { ConfigError } from '../../base/errors.ts'
import { findLab, open } from '../../host/control-client.ts'
import { HostError } from '../../host/host-error.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'
import { stopOnSignals } from '../signals.ts'

export async function capture(what: string | undefined, options: GlobalOptions & { readonly write?: string }): Promise<number> {
  const lab = findLab(options.name)
  const target = options.write ?? '-'
  if (target === '-' && process.stdout.isTTY === true) throw new ConfigError('a capture is not for a terminal', undefined, 'name a file: -w lab.pcapng, or a pipe: -w - | tshark -r -')
  const { socket, rest } = await open(lab.name, { do: 'capture', what })
  const file = target === '-' ? process.stdout : createWriteStream(target)
  let bytes = rest.length
  file.write(rest)
  const signals = stopOnSignals(() => socket.end())
  const broken = new Promise<never>((_, reject) => file.on('error', (error: NodeJS.ErrnoException) => reject(new HostError(error.code ?? 'EIO', `cannot write ${target}: ${error.message}`, 'name another file: -w FILE'))))
  socket.on('data', (part) => {
    bytes += part.length
    if (!file.write(part)) {
      socket.pause()
      file.once('drain', () => socket.resume())
    }
  })
  socket.on('end', () => socket.end())
  socket.resume()
  try {
    await Promise.race([once(socket, 'close'), broken])
    if (file !== process.stdout) await new Promise<void>((resolve) => void file.end(() => resolve()))
  } finally {
    socket.destroy()
    signals.release()
  }
  if (options.quiet !== true && target !== '-') process.stderr.write(`${bytes} bytes in ${target}\n`)
  return exitCodes.ok
}
