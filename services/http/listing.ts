/** A folder as a page of links. */
import type { FileTree } from '../../src/stack/files.ts'
import { FileError } from '../../src/stack/files.ts'

/** Names on one page. */
const mostNames = 10_000

/** @param name of the folder, with the slash at its end. */
export function listingOf(name: string, files: FileTree): string {
  const names = files.list(name)
  const rows = names.slice(0, mostNames).flatMap((each) => row(each, `${name}${each}`, files))
  const up = name.replace(/\/+/g, '/') === '/' ? [] : ['<a href="../">../</a>']
  const more = names.length > mostNames ? [`… and ${names.length - mostNames} more`] : []
  const title = `Index of ${escaped(name)}`
  return `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>${title}</title></head>\n<body><h1>${title}</h1><pre>\n${[...up, ...rows, ...more].join('\n')}\n</pre></body></html>\n`
}

/** Nothing for what can't be looked at: a link that leads out of the root. */
function row(name: string, path: string, files: FileTree): string[] {
  try {
    const { kind, size } = files.stat(path)
    if (kind === 'other') return []
    const shown = kind === 'folder' ? `${name}/` : name
    return [`<a href="./${encodeURIComponent(name)}${kind === 'folder' ? '/' : ''}">${escaped(shown)}</a>${' '.repeat(Math.max(1, 48 - shown.length))}${kind === 'folder' ? '-' : size}`]
  } catch (error) {
    if (error instanceof FileError || error instanceof URIError) return []
    throw error
  }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char])
