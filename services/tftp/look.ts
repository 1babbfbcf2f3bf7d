/** Looking for the file that a client names, and for what it may have meant. */
import type { FileTree } from '../../src/stack/files.ts'
import { FileError } from '../../src/stack/files.ts'
import { errors } from '../../src/wire/tftp.ts'
import { nearest } from '../near.ts'

/** Why a file can't be served: the code for the wire, the sentence for both sides. */
export interface Refusal {
  readonly code: number
  readonly message: string
}

const longestName = 512

const odd = (message: string): Refusal => ({ code: errors.accessViolation, message })

/** What is wrong with a name before any file is looked at. Backslashes of DOS-minded boot ROMs have become slashes by now. */
export function refuseName(name: string): Refusal | undefined {
  if (name === '') return odd('an empty name')
  if (name.length > longestName) return odd('a name that is too long')
  if ([...name].some((char) => char < ' ' || char === '\u007f' || char === '\ufffd')) return odd('an odd name')
  if (name.split('/').includes('..')) return odd('a name that leads out of the root')
  // U-Boot asks for `dtb/`: the folder of a device tree that it has no name for.
  return name.endsWith('/') ? { code: errors.notFound, message: 'a folder, not a file' } : undefined
}

export function refusalOf(error: FileError): Refusal {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return { code: errors.notFound, message: 'no such file' }
    case 'EISDIR':
      return { code: errors.accessViolation, message: 'a folder, not a file' }
    case 'EEXIST':
      return { code: errors.exists, message: 'the file is there already' }
    case 'ENOSPC':
      return { code: errors.diskFull, message: 'no space left' }
    case 'EROFS':
      return { code: errors.accessViolation, message: 'this file can only be read' }
    default:
      return { code: errors.accessViolation, message: 'this file may not be opened' }
  }
}

/** Names that boot loaders try one after another without expecting each to be there. */
export function isGuess(name: string): boolean {
  return /(^|\/)(pxelinux\.cfg\/|grub\.cfg|grub\/|dtb\/|[0-9A-F]{8}\.img$)/i.test(name)
}

const mostFolders = 64
const mostNames = 2000

/** Up to three files there are that a missing `name` may have meant: nearly that name in its folder, or that very name in another. */
export function nearNames(files: FileTree, name: string): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  const base = parts.pop() ?? ''
  const folder = parts.join('/')
  const here = nearest(base, list(files, folder), 3).map((each) => (folder === '' ? each : `${folder}/${each}`))
  if (here.length > 0) return here
  const top = list(files, '')
  const nested = top.slice(0, mostFolders).flatMap((each) => list(files, each).map((inner) => `${each}/${inner}`))
  return [...top, ...nested].filter((each) => each.slice(each.lastIndexOf('/') + 1).toLowerCase() === base.toLowerCase()).slice(0, 3)
}

function list(files: FileTree, folder: string): readonly string[] {
  try {
    return files.list(folder).slice(0, mostNames)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return []
  }
}
