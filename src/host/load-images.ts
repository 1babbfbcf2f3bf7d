/** Fetches every image that a lab names, before it is built: from the lab file itself, from the host's files, from the image store. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { utf8 } from '../base/bytes.ts'
import { isPath } from '../lab/reading.ts'
import type { ImagePlan, InitramfsPlan, Topology } from '../lab/topology.ts'
import { HostError } from './host-error.ts'
import { debianRecipe } from './images/debian-root.ts'
import type { ImageStore } from './images/image-store.ts'
import { buildScript } from './images/uimage.ts'

/** The names of all images that machines and services of the lab ask for, each once. */
export function imagesOf(topology: Topology): string[] {
  const boots = topology.machines.flatMap(({ boot }) => (boot.kind === 'program' ? [] : [boot.firmware, boot.payload, boot.kernel, boot.initrd]))
  const served = topology.hosts.flatMap((host) => host.services.flatMap((service) => Object.values(service.files)))
  const shared = topology.machines.flatMap(({ shares }) => shares.map(({ source }) => source.image))
  return [...new Set([...boots, ...served, ...shared].filter((name) => name !== undefined))]
}

/** @param folder what the lab file's paths are relative to. @throws {HostError} with what to type next. */
export async function loadImages(topology: Topology, folder: string, store: ImageStore): Promise<Map<string, Uint8Array>> {
  const images = new Map<string, Uint8Array>()
  for (const name of imagesOf(topology)) images.set(name, await loadImage(name, topology.images[name], folder, store))
  store.close()
  return images
}

/** A file of the host. @throws {HostError} */
export function readHostFile(path: string, folder: string): Uint8Array {
  try {
    return readFileSync(resolve(folder, path))
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    throw new HostError(code, code === 'ENOENT' ? `there is no file ${resolve(folder, path)}` : `cannot read ${path}: ${message}`, 'paths in a lab file are relative to it', error)
  }
}

async function loadImage(name: string, plan: ImagePlan | undefined, folder: string, store: ImageStore): Promise<Uint8Array> {
  if (isPath(name)) return readHostFile(name, folder)
  if (plan === undefined) return (await store.open(name)).bytes
  switch (plan.kind) {
    case 'file':
      return readHostFile(plan.file, folder)
    case 'text':
      return utf8(plan.text)
    case 'blank':
      return new Uint8Array(plan.sizeBytes)
    case 'script':
      return buildScript(plan.script, name)
    case 'initramfs':
      return (await store.initramfs({ ...plan.recipe, files: recipeFiles(plan.recipe, folder) }, name)).bytes
    case 'debian':
      return (await store.initramfs(debianRecipe({ ...plan.recipe, files: recipeFiles(plan.recipe, folder) }), name)).bytes
  }
}

/** A value that starts like a path is a file of the host, anything else is the content itself. */
function recipeFiles({ files }: Pick<InitramfsPlan, 'files'>, folder: string): Map<string, Uint8Array> {
  return new Map(Object.entries(files).map(([name, content]) => [name, isPath(content) && !content.includes('\n') ? readHostFile(content, folder) : utf8(content)]))
}
