/** Names as FTP clients write them: relative to the current folder, with `..` that stops at the root. */

/** The path from the root, `/` for the root itself; undefined for a name that no file has. */
export function resolvePath(folder: string, written: string): string | undefined {
  if (written.length > 4096 || [...written].some((char) => char < ' ' || char === '\u007f' || char === '\ufffd')) return undefined
  const parts: string[] = []
  for (const part of `${written.startsWith('/') ? '' : folder}/${written}`.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** The name in a 257 reply: quotes are doubled (RFC 959 appendix II). */
export const quotedPath = (path: string): string => `"${path.replaceAll('"', '""')}"`
