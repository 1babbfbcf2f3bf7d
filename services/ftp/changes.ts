/** FTP's commands that change folders. RFC 959 §4.1.3 (DELE, MKD, RMD, RNFR, RNTO, STOU), RFC 775 (XMKD, XRMD), draft-somers-ftp-mfxx (MFMT). */
import type { Session } from './session.ts'
import type { VolumeTree } from './volume-tree.ts'
import { secondsOf } from '../../src/base/calendar.ts'
import { quotedPath } from './paths.ts'

/** Names that STOU tries. */
const mostTries = 10_000

/** A command with a name that changes something, refused where nothing may be changed. */
function changing(act: (session: Session, tree: VolumeTree, path: string) => void): (session: Session, argument: string) => void {
  return (session, argument) => {
    const tree = writable(session)
    if (tree === undefined) return
    if (argument === '') return session.reply(501, 'A name is missing')
    const path = session.path(argument)
    if (path !== undefined) session.guarded(() => act(session, tree, path))
  }
}

/** Undefined once the client was told that nothing is to be changed. */
function writable(session: Session): VolumeTree | undefined {
  const { changes } = session.parts
  if (!session.mayWrite) session.reply(550, 'Nothing may be changed here')
  else if (changes === undefined) session.reply(550, 'There is no folder here that could be changed')
  return session.mayWrite ? changes : undefined
}

function told(session: Session, what: string, path: string): void {
  const { log } = session.parts
  log.info('ftp.changed', `${session.client} ${what} ${path}`, { client: session.client, file: path })
}

export const deleteFile = changing((session, tree, path) => {
  tree.remove(path)
  told(session, 'removes', path)
  session.reply(250, 'It is gone')
})

export const makeFolder = changing((session, tree, path) => {
  tree.makeFolder(path)
  told(session, 'makes the folder', path)
  session.reply(257, `${quotedPath(path)} is made`)
})

export const removeFolder = changing((session, tree, path) => {
  tree.removeFolder(path)
  told(session, 'removes the folder', path)
  session.reply(250, 'It is gone')
})

/** "This command must be immediately followed by a 'rename to' command" (RFC 959 §4.1.3). */
export const renameFrom = changing((session, tree, path) => {
  tree.movable(path)
  session.renaming = path
  session.reply(350, 'And its new name?')
})

export const renameTo = changing((session, tree, path) => {
  const { renaming } = session
  if (renaming === undefined) return session.reply(503, 'Say RNFR first')
  tree.rename(renaming, path)
  told(session, `renames ${renaming} to`, path)
  session.reply(250, 'It has its new name')
})

/** `MFMT 20260101000000 name`. */
export function setModified(session: Session, argument: string): void {
  const [, stamp, name = ''] = /^(\S*) ?([^]*)$/.exec(argument) as unknown as [string, string, string?]
  const seconds = stampSeconds(stamp)
  if (seconds === undefined) return session.reply(501, 'A time is YYYYMMDDHHMMSS, then comes a name')
  changing((_, tree, path) => {
    tree.touch(path, seconds)
    session.reply(213, `Modify=${stamp.slice(0, 14)}; ${path}`)
  })(session, name)
}

/** Whether MDTM's argument is a time and a name, as some clients set times. */
export const isSetting = (argument: string): boolean => /^\d{14}(\.\d+)? \S/.test(argument)

/** Seconds since 1970 for a time-val of RFC 3659 §2.3; undefined for what is none. */
function stampSeconds(stamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?$/.exec(stamp)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  return year < 1970 ? undefined : secondsOf({ year, month, day, hour, minute, second })
}

/** A name that no file has: the one that is wished, or with a number behind it. Undefined when all are taken. */
export function freeName(session: Session, wished: string): string | undefined {
  const { files } = session.parts
  const base = wished === '' ? 'file' : wished
  const path = session.path(base)
  if (path === undefined) return undefined
  const slash = path.lastIndexOf('/')
  const taken = new Set(files.list(path.slice(0, slash) || '/'))
  const name = path.slice(slash + 1)
  for (let count = 0; count < mostTries; count++) {
    const tried = count === 0 ? name : `${name}.${count}`
    if (tried !== '' && !taken.has(tried)) return `${path.slice(0, slash)}/${tried}`
  }
  session.reply(553, 'All names are taken')
  return undefined
}
