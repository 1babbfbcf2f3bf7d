/** Conformance scripts over the stack's port; each is named after the section that it checks. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import type { Answer } from '../../../src/lab/stack-port/stack-port.ts'
import { StackPort } from '../../../src/lab/stack-port/stack-port.ts'
import { readScripts, runScript } from './script-runner.ts'

const folder = join(import.meta.dirname, 'scripts')

describe.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  it.each(readScripts(join(folder, name)))('$name', async (script) => {
    const port = new StackPort()
    await runScript(script, (request) => JSON.parse(port.line(JSON.stringify(request))) as Answer)
  })
})
