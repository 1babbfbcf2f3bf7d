/** One FTP session: the control connection, who is there, where they are, and the transfer under way. RFC 959 §4, §5. */
import type { Alarm, Scheduler } from '../../src/base/time.ts'
import type { FileTree, OpenFile } from '../../src/stack/files.ts'
import type { Log } from '../../src/base/log.ts'
import type { Sockets, TcpSocket } from '../../src/stack/sockets.ts'
import type { FtpConfig } from './config.ts'
import type { Fact } from './listing.ts'
import type { VolumeTree } from './volume-tree.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { FileError } from '../../src/stack/files.ts'
import { legible } from '../../src/wire/format.ts'
import { commands } from './commands.ts'
import { DataPort, notReady } from './data-port.ts'
import { Lines } from './lines.ts'
import { allFacts } from './listing.ts'
import { resolvePath } from './paths.ts'
import { Transfer } from './transfer.ts'

export interface SessionParts {
  readonly socket: TcpSocket
  readonly sockets: Sockets
  readonly scheduler: Scheduler
  readonly files: FileTree
  /** The same files where folders may be changed; undefined where they may not. */
  readonly changes: VolumeTree | undefined
  readonly config: FtpConfig
  readonly log: Log
  /** In front of the names of alarms. */
  readonly name: string
  readonly closed: () => void
}

/** What a transfer does once its connection stands, and what is said of it. */
export interface Plan {
  /** For the log: `has`, `has written`. */
  readonly verb: string
  readonly path: string
  readonly file: OpenFile | undefined
  /** In place of the usual words of the 150 reply. */
  readonly begin?: string
  readonly run: (transfer: Transfer) => void
}

/** Commands sent ahead of their answers; who sends more doesn't listen. */
const mostWaiting = 64
/** Until the client comes to a passive port, or can be reached at its own. */
const dataPatience = seconds(30)
const farewell = seconds(10)
/** Wrong passwords in one session. */
const mostFailures = 3

export class Session {
  readonly parts: SessionParts
  readonly data: DataPort
  readonly client: string
  /** Folder, from the root. */
  folder = '/'
  type: 'ascii' | 'image' = 'ascii'
  /** Where the next transfer begins (REST), in bytes. */
  restart = 0
  /** Said by USER; not yet proven. */
  claimed: string | undefined
  user: string | undefined
  facts: readonly Fact[] = allFacts
  /** What RNFR named, for a RNTO that follows at once. */
  renaming: string | undefined
  /** After EPSV ALL nothing else may be used (RFC 2428 §4). */
  onlyEpsv = false
  #failures = 0
  #transfer: Transfer | undefined
  #file: OpenFile | undefined
  /** A transfer has been promised and its connection is awaited. */
  #awaiting = false
  #open = true
  readonly #lines = new Lines()
  readonly #waiting: (string | undefined)[] = []
  readonly #idle: Alarm
  readonly #dataAlarm: Alarm

  constructor(parts: SessionParts) {
    this.parts = parts
    const { socket, scheduler, sockets, name, log } = parts
    this.client = socket.remoteAddress ?? ''
    this.data = new DataPort({ sockets, local: socket.localAddress ?? '0.0.0.0', peer: this.client, stranger: (address) => log.warn('ftp.stranger', `${address} comes to a data port that was opened for ${this.client}, and is turned away`, { client: this.client, address }) })
    this.#idle = scheduler.alarm(`${name}.idle`, () => this.bye(421, 'Nothing happens here; goodbye'))
    this.#dataAlarm = scheduler.alarm(`${name}.data`, () => this.#dataTimeout())
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('end', () => socket.end())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#closed())
    this.alive()
    this.reply(220, 'Netloom FTP')
  }

  get mayWrite(): boolean {
    const { config } = this.parts
    return config.write !== false && (this.user !== 'anonymous' || config.users.size === 0)
  }

  get transferring(): boolean {
    return this.#transfer !== undefined || this.#awaiting
  }

  /** The session is in use. */
  alive(): void {
    this.#idle.arm(seconds(this.parts.config.idle))
  }

  /** @param text several lines make a reply of several (RFC 959 §4.2). */
  reply(code: number, ...text: readonly string[]): void {
    const inner = text.slice(0, -1).map((line, at) => (at === 0 ? `${code}-${line}` : ` ${line}`))
    if (this.#open) this.parts.socket.write(utf8([...inner, `${code} ${text.at(-1)}`].map((line) => `${line}\r\n`).join('')))
  }

  /** Says it, and ends the session. */
  bye(code: number, text: string): void {
    if (!this.#open) return this.close()
    this.reply(code, text)
    this.#open = false
    this.parts.socket.end()
    this.#transfer?.abort()
    // What is still said to us is read and forgotten, so that our last words arrive; then the alarm comes here once more.
    this.#idle.arm(farewell)
  }

  close(): void {
    this.parts.socket.destroy()
  }

  /** The path that a command names; undefined once the client was told that there is no such name. */
  path(written: string): string | undefined {
    const path = resolvePath(this.folder, written)
    if (path === undefined) this.reply(553, 'No file has that name')
    return path
  }

  /** Runs `act`; what the files refuse is told to the client. */
  guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      this.reply(error.code === 'ENOSPC' ? 452 : error.code === 'EEXIST' ? 553 : 550, refusals[error.code] ?? 'That may not be used')
    }
  }

  wrongPassword(): void {
    this.parts.log.warn('ftp.login', `${this.client} gives a wrong name or password for ${legible(this.claimed ?? '')}`, { client: this.client, user: legible(this.claimed ?? '') })
    this.claimed = undefined
    if (++this.#failures >= mostFailures) this.bye(421, 'Too many tries')
    else this.reply(530, 'Not this name and password')
  }

  login(user: string): void {
    this.user = user
    this.parts.log.info('ftp.login', `${this.client} is ${user}`, { client: this.client, user })
    this.reply(230, 'Come in')
  }

  /** Promises a transfer and runs it when its connection stands. */
  transfer(plan: Plan): void {
    if (!this.data.ready) {
      plan.file?.close()
      return this.reply(425, notReady)
    }
    this.reply(150, plan.begin ?? `Here comes it in ${this.type === 'ascii' ? 'ASCII' : 'binary'}`)
    this.#file = plan.file
    this.#awaiting = true
    this.#dataAlarm.arm(dataPatience)
    this.data.take((socket) => this.#start(socket, plan), (code) => this.#noData(`you can't be reached: ${code}`))
  }

  /** ABOR (RFC 959 §4.1.3). */
  abort(): void {
    if (this.#awaiting) this.#noData('stopped, as you wish')
    this.#transfer?.abort()
    this.data.close()
    this.reply(226, 'Nothing is under way')
  }

  #start(socket: TcpSocket, plan: Plan): void {
    this.#awaiting = false
    const transfer = new Transfer({
      socket,
      alarm: this.#dataAlarm,
      moved: () => this.alive(),
      ended: ({ code, message, bytes }) => {
        this.#release()
        this.reply(code, message[0].toUpperCase() + message.slice(1))
        this.#told(plan, code, message, bytes)
        this.#next()
      },
    })
    this.#transfer = transfer
    plan.run(transfer)
  }

  #told({ verb, path }: Plan, code: number, message: string, bytes: number): void {
    const { log } = this.parts
    const fields = { client: this.client, file: legible(path), bytes }
    if (code === 226) log.info('ftp.done', `${this.client} ${verb} ${legible(path)}, ${bytes} bytes`, fields)
    else log.warn('ftp.failed', `${legible(path)} for ${this.client} ended after ${bytes} bytes: ${message}`, fields)
  }

  #dataTimeout(): void {
    if (this.#awaiting) this.#noData('nobody came to the data port')
    else this.#transfer?.expire()
  }

  #noData(why: string): void {
    this.#release()
    this.data.close()
    this.reply(425, `No data connection: ${why}`)
    this.#next()
  }

  #release(): void {
    this.#dataAlarm.disarm()
    this.#awaiting = false
    this.#transfer = undefined
    this.#file?.close()
    this.#file = undefined
    this.restart = 0
  }

  #take(bytes: Uint8Array): void {
    if (!this.#open) return
    this.alive()
    for (const line of this.#lines.take(bytes)) {
      if (this.#waiting.length >= mostWaiting) return this.bye(421, 'Too many commands at once')
      // A transfer is stopped at once; all other commands have their turn (RFC 959 §5.1, ABOR).
      if (this.transferring && /^abor\s*$/i.test(line ?? '')) this.abort()
      else this.#waiting.push(line)
    }
    this.#next()
  }

  #next(): void {
    while (this.#open && !this.transferring && this.#waiting.length > 0) this.#obey(this.#waiting.shift())
  }

  #obey(line: string | undefined): void {
    if (line === undefined) return this.reply(500, 'That line is too long')
    const [, word, argument] = /^\s*(\S*) ?([^]*)$/.exec(line) as unknown as [string, string, string]
    const command = Object.hasOwn(commands, word.toUpperCase()) ? commands[word.toUpperCase()] : undefined
    if (command === undefined) return this.reply(500, `There is no command ${legible(word.slice(0, 32)).toUpperCase()}`)
    if (command.inside && this.user === undefined) return this.reply(530, 'Say USER and PASS first')
    command.run(this, argument)
    if (command !== commands['RNFR']) this.renaming = undefined
  }

  #closed(): void {
    this.#open = false
    this.#idle.disarm()
    this.data.close()
    this.#transfer?.abort()
    this.#release()
    this.parts.closed()
  }
}

const refusals: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or folder', ENOTDIR: 'That is not a folder', EISDIR: 'That is a folder', EACCES: 'That may not be read', EROFS: 'Nothing may be written here', EEXIST: 'That is there already',
  ENAMETOOLONG: 'That name is too long', ENOSPC: 'There is no space left', ENOTEMPTY: 'That folder is not empty', EINVAL: 'That can’t be moved there', EBUSY: 'That is in use',
}
