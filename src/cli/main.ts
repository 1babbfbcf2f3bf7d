#!/usr/bin/env node
/** The door for hands: `netloom`. */
import { run } from './program.ts'

// Whoever read us has gone (`netloom up | head`): stop as if asked to, and without a complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (!process.emit('SIGTERM')) process.exit(0)
})

process.exitCode = await run(process.argv)
