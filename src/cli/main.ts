#!/usr/bin/env node
/** The door for hands: `netloom`. */
import { run } from './program.ts'

process.exitCode = await run(process.argv)
