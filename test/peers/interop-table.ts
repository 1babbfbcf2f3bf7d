/** Around a whole run of the peers' tests: gathers their rows and writes docs/interop.md, when NETLOOM_INTEROP=1 asks for it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gathered, type Recorded } from './interop.ts'

const table = fileURLToPath(new URL('../../docs/interop.md', import.meta.url))
const here = fileURLToPath(new URL('.', import.meta.url))

const head = `# Who has used the services

Programs that we did not write, against the service points of a lab: through a TAP, or as the guest of one. Written by the tests themselves, which tell a row after they have passed:

    NETLOOM_INTEROP=1 npm run test:peers              every row anew
    NETLOOM_INTEROP=1 npm run test:peers -- nfs       the rows of the test files that ran, the others kept

Clients are Debian 12's packages at the version given (test/peers/setup.sh installs them); guests are Debian 13's for riscv64. "works" means what the test file asserts: content byte for byte, options, and that what must be refused is refused.

`

/** @returns what ends the run; vitest calls it. */
export default function setup(): (() => void) | undefined {
  if (process.env['NETLOOM_INTEROP'] !== '1') return undefined
  const folder = mkdtempSync(join(tmpdir(), 'netloom-interop-'))
  const file = join(folder, 'rows')
  writeFileSync(file, '')
  process.env[gathered] = file
  return () => {
    const told = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded)
    const ran = new Set(told.map(({ test }) => test))
    const kept = (existsSync(table) ? rowsOf(readFileSync(table, 'utf8')) : []).filter(({ test }) => !ran.has(test) && existsSync(join(here, test)))
    if (told.length > 0) writeFileSync(table, head + format([...kept, ...told]))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The rows of a table that `format` wrote. */
function rowsOf(text: string): Recorded[] {
  const lines = text.split('\n').filter((line) => line.startsWith('| ')).slice(2)
  return lines.map((line) => {
    const [service, client, check, result, test] = line.slice(2, -2).split(' | ')
    return { service, client, check, result, test }
  })
}

function format(rows: readonly Recorded[]): string {
  const lines = rows.map(({ service, client, check, result = 'works', test }) => `| ${[service, client, check, result, test].map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`)
  return ['| service | client | what was done | result | test |', '| --- | --- | --- | --- | --- |', ...[...new Set(lines)].sort(), ''].join('\n')
}
