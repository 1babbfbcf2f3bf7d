/** CPU time of another process, as Linux tells it. */
import { readFileSync } from 'node:fs'

/** USER_HZ; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** User and system time of a process in seconds, its ended threads included (proc(5), fields 14 and 15). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
