/** `logs -f`: what a lab's parts or a console say from now on, down a socket, until one of the two hangs up. */
import type { Socket } from 'node:net'
import type { Journal } from '../lab/journal.ts'
import type { Transcript } from '../lab/transcript.ts'

/** Bytes that may wait for a reader who doesn't read; then he is left. */
const mostWaiting = 8 << 20

/** Entries as JSON, one a line. @returns how to end it. */
export function followJournal(journal: Journal, socket: Socket): () => void {
  return until(socket, (send) => journal.hear((entry) => send(`${JSON.stringify(entry)}\n`)))
}

/** The console's bytes. @returns how to end it. */
export function followTranscript(transcript: Transcript, socket: Socket): () => void {
  return until(socket, (send) => transcript.listen((bytes) => send(bytes.slice())))
}

function until(socket: Socket, listen: (send: (data: Uint8Array | string) => void) => () => void): () => void {
  const stop = listen((data) => {
    if (socket.writableLength > mostWaiting) socket.destroy()
    else socket.write(data)
  })
  socket.on('close', stop)
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
  return () => {
    stop()
    socket.end()
  }
}
