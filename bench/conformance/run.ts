/**
 * Runs prebuilt conformance programs on the interpreter and on compiled code: `run.sh [--cpu PROFILE] [--ticks N] PATH…`, where a path is an
 * ELF file or a folder of them. A file NAME.signature beside NAME is what the program must leave in its signature. Both engines must retire equal counts.
 */
import { readFileSync, readdirSync, statSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, type Outcome, runProgram } from './program.ts'

const engines: readonly Engine[] = [{ name: 'interpreter', threshold: 0 }, { name: 'jit', threshold: 1 }]

const paths: string[] = []
let cpu = ''
let ticks = 20_000_000
for (let at = 2; at < process.argv.length; at++) {
  if (process.argv[at] === '--cpu') cpu = process.argv[++at] ?? ''
  else if (process.argv[at] === '--ticks') ticks = Number(process.argv[++at])
  else paths.push(process.argv[at])
}
if (paths.length === 0) throw new Error('name the folder that holds the programs: run.sh PATH')

const files = paths.flatMap((path) => (statSync(path).isDirectory() ? readdirSync(path).sort().map((name) => join(path, name)) : [path])).filter(isElf)
const failed: string[] = []
for (const file of files) {
  const complaints = check(file)
  if (complaints.length > 0) failed.push(file)
  for (const complaint of complaints) console.log(`${file}: ${complaint}`)
}
console.log(`${files.length} programs, ${engines.map(({ name }) => name).join(' and ')}: ${files.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

function isElf(file: string): boolean {
  if (!statSync(file).isFile()) return false
  const bytes = readFileSync(file)
  return bytes.length > 64 && bytes.readUInt32LE(0) === 0x464c_457f
}

function check(file: string): readonly string[] {
  const bytes = new Uint8Array(readFileSync(file))
  const complaints: string[] = []
  const outcomes = new Map<string, Outcome>()
  for (const engine of engines) {
    const outcome = runProgram(file, bytes, engine, ticks, cpu)
    outcomes.set(engine.name, outcome)
    if (outcome.failure !== undefined) complaints.push(`${engine.name}: ${outcome.failure}`)
    if (existsSync(`${file}.signature`) && readFileSync(`${file}.signature`, 'utf8').trim() !== outcome.signature.trim()) complaints.push(`${engine.name}: signature differs`)
  }
  const counts = new Set([...outcomes.values()].map(({ retired }) => retired))
  if (counts.size > 1) complaints.push(`retired ${[...outcomes].map(([name, { retired }]) => `${retired} (${name})`).join(', ')}`)
  return complaints
}
