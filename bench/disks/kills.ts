/** Writers of disk images that are killed with SIGKILL, and what is left of what they had flushed. */
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { SeededRandom } from '../../src/base/random.ts'
import type { Format } from '../../src/disk/format.ts'
import { createImage } from '../../src/host/disk-images.ts'
import { openDiskImage } from '../../src/host/disks.ts'

const checkable = ['qcow2', 'vmdk', 'vdi', 'parallels', 'vhdx']
const sizeBytes = 64 << 20

/** The writer as one file, because it is started hundreds of times. @returns its path. */
export async function buildWriter(folder: string): Promise<string> {
  const outfile = join(folder, 'writer.mjs')
  await build({ entryPoints: [fileURLToPath(new URL('writer.ts', import.meta.url))], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
  return outfile
}

/** Kills writers of one format, each in an image of its own. @returns a sentence. */
export async function survive(format: Format, kills: number, folder: string, writer: string): Promise<string> {
  const random = new SeededRandom(format.name)
  let [lost, wrong, flushed, midway] = [0, 0, 0, 0]
  for (let round = 0; round < kills; round++) {
    const path = join(folder, `k${format.endings[0]}`)
    createImage(path, sizeBytes, { format: format.name, overwrite: true })
    const batches = await killed(writer, path, format.name, `${round}`, random.below(60))
    flushed += batches
    if (batches < sizeBytes / (8 * 7 * 512)) midway++
    if (checkable.includes(format.name) && !passes(path, format.name)) wrong++
    const image = openDiskImage(path, { readOnly: false, format: format.name })
    const sector = new Uint8Array(512)
    for (let at = 0; at < batches * 8; at++) {
      image.read(at * 7 * 512, sector)
      if (sector[0] !== 1 + (at % 250) || sector[511] !== sector[0]) lost++
    }
    if ((image.check?.(false).errors.length ?? 0) > 0) wrong++
    image.close()
  }
  return `${kills} kills (${midway} while it wrote), ${flushed} flushes, ${lost} sectors lost, ${wrong} damaged`
}

/** Kills a writer after a while. @returns how many batches it had said were flushed. */
function killed(writer: string, path: string, format: string, seed: string, wait: number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [writer, path, format, seed], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (part: Buffer) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), wait)
      said += part.toString()
    })
    child.on('close', () => resolve(said.split('\n').length - 1))
  })
}

/** Leaks (3) harm nobody. */
function passes(path: string, format: string): boolean {
  try {
    execFileSync('qemu-img', ['check', '-f', format, path], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as { status?: number }).status === 3
  }
}
