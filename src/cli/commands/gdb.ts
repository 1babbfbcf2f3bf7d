/** `netloom gdb NODE`: opens a port for a debugger of a running lab's node, and says what to type. */
import { ask, findLab } from '../../host/control-client.ts'
import { type DebugDoor, doorText, parseDebugDoor } from '../../host/debug/debug-doors.ts'
import { exitCodes } from '../failure.ts'
import type { GlobalOptions } from '../options.ts'

export async function gdb(node: string, options: GlobalOptions & { readonly port?: string }): Promise<number> {
  const lab = findLab(options.name)
  const door = (await ask(lab.name, { do: 'gdb', door: parseDebugDoor(options.port === undefined ? node : `${node}:${options.port}`) })) as DebugDoor
  process.stdout.write(options.format === 'json' ? `${JSON.stringify(door)}\n` : doorText(door))
  return exitCodes.ok
}
