/** Law 1 and 2: who may look into which room (house.md §2). */
import { expect, it } from 'vitest'
import { roomOf, sources, targetOf } from './source.ts'

const mayLook: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  link: ['base', 'wire'],
  stack: ['base', 'wire', 'link'],
  nat: ['base', 'wire', 'link', 'stack'],
  disk: ['base'],
  cpu: ['base'],
  board: ['base', 'link', 'disk', 'cpu', 'wire'],
  services: ['base', 'wire', 'stack'],
  lab: ['base', 'wire', 'link', 'stack', 'nat', 'disk', 'cpu', 'board', 'services'],
  // Beside the seams it implements: it makes the harts that lab/ is handed (cpu), hands over the registry of services, and translates
  // what the host's devices say of a frame into what is owed to it (wire).
  host: ['base', 'wire', 'link', 'disk', 'stack', 'nat', 'cpu', 'lab', 'services'],
  cli: ['base', 'lab', 'host'],
  web: ['base', 'lab', 'host'],
}

/** Packages that a room may use, beside Node's own in host, cli and web. */
const packages: Readonly<Record<string, readonly string[]>> = { lab: ['yaml', 'zod'], cli: ['commander'], host: ['koffi', 'ws'], services: ['dns-packet'] }
const windowed = ['host', 'cli', 'web']
/** A service sees the stack's seams and nothing behind them. */
const serviceSeams = ['src/stack/sockets.ts', 'src/stack/service.ts', 'src/stack/files.ts', 'src/stack/volume.ts']

it('every room looks only where it may', () => {
  const complaints: string[] = []
  for (const source of sources('src', 'services')) {
    const allowed = mayLook[source.room]
    if (allowed === undefined) complaints.push(`${source.path} is in no room that the house knows.`)
    for (const imported of source.imports) {
      const complaint = imported.startsWith('.') ? aboutRoom(source.path, source.room, targetOf(source, imported)) : aboutPackage(source.path, source.room, imported)
      if (complaint !== undefined) complaints.push(complaint)
    }
  }
  expect(complaints).toEqual([])
})

function aboutRoom(path: string, room: string, target: string): string | undefined {
  const other = roomOf(target)
  if (other === room) return undefined
  if (mayLook[room]?.includes(other) !== true) return `${path} looks into ${other}/. ${room} may look into: ${mayLook[room]?.join(', ') || 'nothing'}.`
  if (room === 'services' && other === 'stack' && !serviceSeams.includes(target)) return `${path} looks at ${target}. A service may look only at the stack's seams: ${serviceSeams.join(', ')}.`
  return undefined
}

function aboutPackage(path: string, room: string, name: string): string | undefined {
  if (name.startsWith('node:')) return windowed.includes(room) ? undefined : `${path} imports ${name}. Only ${windowed.join(', ')} have a window on the host.`
  return packages[room]?.includes(name) === true ? undefined : `${path} imports the package ${name}. ${room} may use: ${packages[room]?.join(', ') ?? 'none'}.`
}
