/** FTP's commands. RFC 959 §4.1, 5.3; RFC 2389 (FEAT, OPTS), RFC 2428 (EPRT, EPSV), RFC 3659 (MDTM, SIZE, REST, MLSx); RFC 2228's are refused. What changes folders is in changes.ts. */
import { FileError, type OpenFile } from '../../src/stack/files.ts'
import { usualEpoch } from '../../src/base/calendar.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Session } from './session.ts'
import { deleteFile, freeName, isSetting, makeFolder, removeFolder, renameFrom, renameTo, setModified } from './changes.ts'
import { notReady } from './data-port.ts'
import { allFacts, entriesOf, factLine, longLine, stampOf } from './listing.ts'
import { quotedPath } from './paths.ts'
import { fileSource, type Source } from './transfer.ts'

export interface Command {
  /** Only for who is logged in. */
  readonly inside: boolean
  run(session: Session, argument: string): void
}

const open = (run: Command['run']): Command => ({ inside: false, run })
const inside = (run: Command['run']): Command => ({ inside: true, run })
const says = (code: number, text: string) => (session: Session): void => session.reply(code, text)

/** By name, in capitals. */
export const commands: Readonly<Record<string, Command>> = {
  USER: open(user),
  PASS: open(password),
  ACCT: open(says(202, 'Accounts are not used here')),
  QUIT: open((session) => session.bye(221, 'Goodbye')),
  NOOP: open(says(200, 'Done')),
  SYST: open(says(215, 'UNIX Type: L8')),
  FEAT: open((session) => session.reply(211, 'What there is:', 'EPRT', 'EPSV', 'MDTM', 'MFMT', `MLST ${allFacts.map((fact) => `${fact}${session.facts.includes(fact) ? '*' : ''};`).join('')}`, 'REST STREAM', 'SIZE', 'TVFS', 'UTF8', 'That is all')),
  OPTS: open(options),
  HELP: open((session) => session.reply(214, `The commands: ${Object.keys(commands).sort().join(' ')}`)),
  AUTH: open(says(502, 'Nothing is encrypted here')),
  PBSZ: open(says(502, 'Nothing is encrypted here')),
  PROT: open(says(502, 'Nothing is encrypted here')),
  TYPE: inside(type),
  MODE: inside((session, argument) => (/^s$/i.test(argument) ? session.reply(200, 'Stream') : session.reply(504, 'Only MODE S'))),
  STRU: inside((session, argument) => (/^f$/i.test(argument) ? session.reply(200, 'File') : session.reply(504, 'Only STRU F'))),
  ALLO: inside(says(202, 'Space need not be asked for')),
  PWD: inside((session) => session.reply(257, `${quotedPath(session.folder)} is the current folder`)),
  XPWD: inside((session) => session.reply(257, `${quotedPath(session.folder)} is the current folder`)),
  CWD: inside((session, argument) => changeFolder(session, argument)),
  XCWD: inside((session, argument) => changeFolder(session, argument)),
  CDUP: inside((session) => changeFolder(session, '..')),
  XCUP: inside((session) => changeFolder(session, '..')),
  PASV: inside(passive),
  EPSV: inside(extendedPassive),
  PORT: inside(active),
  EPRT: inside(extendedActive),
  REST: inside((session, argument) => {
    if (!/^\d{1,15}$/.test(argument)) return session.reply(501, 'REST takes a number of bytes')
    session.restart = Number(argument)
    session.reply(350, `The next transfer begins at ${argument}`)
  }),
  RETR: inside(retrieve),
  STOR: inside((session, argument) => store(session, argument, false)),
  APPE: inside((session, argument) => store(session, argument, true)),
  LIST: inside((session, argument) => list(session, argument.replace(/^(-\S*\s*)+/, ''), true)),
  NLST: inside((session, argument) => list(session, argument.replace(/^(-\S*\s*)+/, ''), false)),
  MLSD: inside(factsOfFolder),
  MLST: inside(factsOfOne),
  SIZE: inside(size),
  STOU: inside((session, argument) => storeUnique(session, argument)),
  DELE: inside(deleteFile),
  MKD: inside(makeFolder),
  XMKD: inside(makeFolder),
  RMD: inside(removeFolder),
  XRMD: inside(removeFolder),
  RNFR: inside(renameFrom),
  RNTO: inside(renameTo),
  MFMT: inside(setModified),
  MDTM: inside((session, argument) => isSetting(argument) ? setModified(session, argument) : named(session, argument, (path) => session.reply(213, stampOf(session.parts.files.stat(path).modified)))),
  STAT: inside(status),
  ABOR: inside((session) => session.abort()),
  SITE: inside(says(502, 'There are no commands of this site')),
}

function user(session: Session, argument: string): void {
  session.user = undefined
  session.claimed = /^(anonymous|ftp)$/i.test(argument) ? 'anonymous' : argument
  session.reply(331, session.claimed === 'anonymous' ? 'Your address, please' : 'The password, please')
}

/** The same words whether name or password was wrong: nobody learns who there is (RFC 2577 §6). */
function password(session: Session, argument: string): void {
  const { claimed } = session
  const { config } = session.parts
  if (claimed === undefined) return session.reply(503, 'Say USER first')
  if (claimed === 'anonymous' && config.anonymous) return session.login(claimed)
  if (config.users.get(claimed) === argument && argument !== '') return session.login(claimed)
  session.wrongPassword()
}

function options(session: Session, argument: string): void {
  const [word, rest] = [/^\S*/.exec(argument)?.[0].toUpperCase(), argument.replace(/^\S*\s?/, '')]
  if (word === 'UTF8') return session.reply(/^(on)?$/i.test(rest) ? 200 : 501, 'Names are UTF-8 here, always')
  if (word !== 'MLST') return session.reply(501, 'There is no such option')
  const wanted = rest.toLowerCase().split(';')
  session.facts = allFacts.filter((fact) => wanted.includes(fact))
  session.reply(200, `MLST OPTS ${session.facts.map((fact) => `${fact};`).join('')}`)
}

function type(session: Session, argument: string): void {
  const word = argument.toUpperCase()
  if (word === 'I' || word === 'L 8' || word === 'L8') session.type = 'image'
  else if (word === 'A' || word === 'A N') session.type = 'ascii'
  else return session.reply(504, 'Only TYPE A, TYPE I and TYPE L 8')
  session.reply(200, session.type === 'image' ? 'Binary' : 'ASCII')
}

/** Finds the path of an argument that must be there, and does something with it. */
function named(session: Session, argument: string, act: (path: string) => void): void {
  if (argument === '') return session.reply(501, 'A name is missing')
  const path = session.path(argument)
  if (path !== undefined) session.guarded(() => act(path))
}

function changeFolder(session: Session, argument: string): void {
  named(session, argument, (path) => {
    if (session.parts.files.stat(path).kind !== 'folder') return session.reply(550, 'That is not a folder')
    session.folder = path
    session.reply(250, `${quotedPath(path)} is the current folder`)
  })
}

function passive(session: Session): void {
  const host = session.parts.socket.localAddress ?? ''
  if (session.onlyEpsv) return session.reply(501, 'You said EPSV ALL')
  if (host.includes(':')) return session.reply(425, 'PASV has no room for an IPv6 address; say EPSV')
  const port = listen(session)
  if (port !== undefined) session.reply(227, `Come to (${host.replaceAll('.', ',')},${port >> 8},${port & 255})`)
}

function extendedPassive(session: Session, argument: string): void {
  if (/^all$/i.test(argument)) {
    session.onlyEpsv = true
    return session.reply(200, 'Only EPSV from here on')
  }
  const family = session.client.includes(':') ? '2' : '1'
  if (argument !== '' && argument !== family) return session.reply(522, `Only this network's protocol, use (${family})`)
  const port = listen(session)
  if (port !== undefined) session.reply(229, `Come to (|||${port}|)`)
}

function listen(session: Session): number | undefined {
  try {
    return session.data.passive()
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
    session.reply(425, 'There is no free port')
    return undefined
  }
}

function active(session: Session, argument: string): void {
  const numbers = /^\d{1,3}(,\d{1,3}){5}$/.test(argument) ? argument.split(',').map(Number) : []
  if (numbers.length !== 6 || numbers.some((number) => number > 255)) return session.reply(501, 'PORT takes six numbers')
  goTo(session, numbers.slice(0, 4).join('.'), numbers[4] * 256 + numbers[5])
}

/** `|1|10.0.0.1|4000|`, with any delimiter. */
function extendedActive(session: Session, argument: string): void {
  const [, family, address, port, end] = argument.split(argument[0] ?? '|')
  if (end !== '' || !/^\d{1,5}$/.test(port ?? '')) return session.reply(501, 'EPRT takes a protocol, an address and a port')
  if (family !== '1' && family !== '2') return session.reply(522, 'That protocol is not spoken here, use (1,2)')
  goTo(session, address, Number(port))
}

function goTo(session: Session, address: string, port: number): void {
  if (session.onlyEpsv) return session.reply(501, 'You said EPSV ALL')
  if (session.data.active(address, port)) return session.reply(200, 'Understood')
  session.parts.log.warn('ftp.bounce', `${session.client} asks for a data connection to ${address.slice(0, 64)} port ${port}, which is refused`, { client: session.client, address: address.slice(0, 64), port })
  session.reply(504, 'Only to yourself, and to no port below 1024')
}

function retrieve(session: Session, argument: string): void {
  const { files } = session.parts
  named(session, argument, (path) => {
    const from = session.restart
    const { kind, size: bytes } = statLogged(session, path)
    if (kind !== 'file') return session.reply(550, kind === 'folder' ? 'That is a folder' : 'That is no plain file')
    if (from > 0 && session.type === 'ascii') return session.reply(504, 'REST needs TYPE I')
    if (from > bytes) return session.reply(554, `The file has ${bytes} bytes`)
    const file = files.open(path, 'read')
    session.transfer({ verb: 'has', path, file, run: (transfer) => transfer.send(fileSource(file, from, session.type === 'ascii')) })
  })
}

function statLogged(session: Session, path: string): ReturnType<Session['parts']['files']['stat']> {
  try {
    return session.parts.files.stat(path)
  } catch (error) {
    session.parts.log.warn('ftp.missing', `${session.client} asks for ${path}, which is not there`, { client: session.client, file: path })
    throw error
  }
}

function store(session: Session, argument: string, append: boolean): void {
  if (!session.mayWrite) return session.reply(550, 'Nothing may be written here')
  named(session, argument, (path) => {
    const at = session.restart
    if (at > 0 && session.type === 'ascii') return session.reply(504, 'REST needs TYPE I')
    if (!session.data.ready) return session.reply(425, notReady)
    const file = openToWrite(session, path)
    const from = append ? file.info.size : at
    if (from > file.info.size) {
      file.close()
      return session.reply(554, `The file has ${file.info.size} bytes`)
    }
    if (!append) file.truncate(at)
    session.transfer({ verb: 'has written', path, file, run: (transfer) => transfer.receive(file, from, session.type === 'ascii') })
  })
}

/** A file that is there, or a new one. @throws {FileError} */
function openToWrite(session: Session, path: string): OpenFile {
  const { files } = session.parts
  try {
    return files.open(path, 'write')
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'ENOENT') throw error
    return files.open(path, 'create')
  }
}

/** The name stands in the 150 reply (RFC 1123 §4.1.2.9). */
function storeUnique(session: Session, argument: string): void {
  if (!session.mayWrite) return session.reply(550, 'Nothing may be written here')
  if (!session.data.ready) return session.reply(425, notReady)
  session.guarded(() => {
    const path = freeName(session, argument)
    if (path === undefined) return
    const file = session.parts.files.open(path, 'create')
    session.transfer({ verb: 'has written', path, file, begin: `FILE: ${path}`, run: (transfer) => transfer.receive(file, 0, session.type === 'ascii') })
  })
}

/** Lines, a few hundred to a write. */
function linesSource(lines: readonly string[]): Source {
  let at = 0
  return () => {
    const some = lines.slice(at, at + 256)
    at += some.length
    return some.length === 0 ? undefined : utf8(some.map((line) => `${line}\r\n`).join(''))
  }
}

function list(session: Session, argument: string, long: boolean): void {
  named(session, argument === '' ? '.' : argument, (path) => {
    const now = usualEpoch + session.parts.scheduler.now / 1e9
    const lines = entriesOf(session.parts.files, path).map((entry) => (long ? longLine(entry, session.mayWrite, now) : entry.name))
    session.transfer({ verb: 'has a list of', path, file: undefined, run: (transfer) => transfer.send(linesSource(lines)) })
  })
}

function factsOfFolder(session: Session, argument: string): void {
  named(session, argument === '' ? '.' : argument, (path) => {
    if (session.parts.files.stat(path).kind !== 'folder') return session.reply(501, 'That is not a folder')
    const lines = entriesOf(session.parts.files, path).map((entry) => factLine(entry, session.facts, session.mayWrite))
    session.transfer({ verb: 'has a list of', path, file: undefined, run: (transfer) => transfer.send(linesSource(lines)) })
  })
}

function factsOfOne(session: Session, argument: string): void {
  named(session, argument === '' ? '.' : argument, (path) => {
    const info = session.parts.files.stat(path)
    session.reply(250, 'It is:', factLine({ name: path, info }, session.facts, session.mayWrite), 'That is all')
  })
}

/** What the transfer would bring: with TYPE A that isn't known before it is made (RFC 3659 §4). */
function size(session: Session, argument: string): void {
  named(session, argument, (path) => {
    const info = session.parts.files.stat(path)
    if (info.kind !== 'file') return session.reply(550, 'That is no plain file')
    if (session.type === 'ascii') return session.reply(550, 'SIZE needs TYPE I')
    session.reply(213, String(info.size))
  })
}

function status(session: Session, argument: string): void {
  if (argument === '') return session.reply(211, 'Netloom FTP', `You are ${session.user} at ${session.client}`, `TYPE ${session.type === 'image' ? 'I' : 'A'}, MODE S, STRU F`, 'That is all')
  named(session, argument.replace(/^(-\S*\s*)+/, '') || '.', (path) => {
    const now = usualEpoch + session.parts.scheduler.now / 1e9
    const lines = entriesOf(session.parts.files, path).slice(0, 200).map((entry) => longLine(entry, session.mayWrite, now))
    session.reply(213, 'It is:', ...lines, 'That is all')
  })
}
