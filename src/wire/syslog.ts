/** Syslog messages: RFC 5424, and what RFC 3164 found in the wild. Over TCP they are framed by RFC 6587. */
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'

export const serverPort = 514

export const facilities = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp', 'audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const
export const severities = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const

export interface Message {
  /** Which of the two it is written in; `bare` has neither's header (RFC 3164 §4.3.3). */
  readonly form: 'rfc5424' | 'rfc3164' | 'bare'
  /** 0 to 23: a place in `facilities`. */
  readonly facility: number
  /** 0 to 7: a place in `severities`. */
  readonly severity: number
  /** As it is written; empty when there is none, as all that follow. */
  readonly time: string
  readonly host: string
  readonly app: string
  readonly process: string
  readonly id: string
  /** `[exampleSDID@32473 iut="3"]…`, as it is written. */
  readonly structured: string
  readonly text: string
}

/** A message as RFC 3164 takes one that has no header: user.notice. */
const unmarked = 13
const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const oldHeader = new RegExp(`^((?:${months}) [ 0-3]\\d [ 0-2]\\d:\\d\\d:\\d\\d) `)
/** busybox's syslogd and many others leave the host out: the word before the colon is then the tag. */
const oldTag = /^([^\s:[\]]{1,64})(?:\[([^\]\s]{1,32})\])?: ?/

/** Trailing NULs and line ends are not part of the text. @throws {Malformed} for an empty message. */
export function parse(bytes: Uint8Array): Message {
  const whole = fromUtf8(bytes).replace(/[\0\r\n]+$/, '')
  if (whole === '') throw new Malformed('an empty syslog message')
  const priority = /^<(\d{1,3})>/.exec(whole)
  const value = priority === null || Number(priority[1]) > 191 ? undefined : Number(priority[1])
  const rest = value === undefined ? whole : whole.slice((priority as RegExpExecArray)[0].length)
  const rank = { facility: (value ?? unmarked) >> 3, severity: (value ?? unmarked) & 7 }
  if (value === undefined) return { form: 'bare', ...rank, ...nothing, text: rest }
  return (rest.startsWith('1 ') ? parseNew(rest.slice(2), rank) : undefined) ?? parseOld(rest, rank)
}

const nothing = { time: '', host: '', app: '', process: '', id: '', structured: '' }
type Rank = Pick<Message, 'facility' | 'severity'>

/** HEADER SP STRUCTURED-DATA [SP MSG] (RFC 5424 §6). */
function parseNew(rest: string, rank: Rank): Message | undefined {
  const words = /^(\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32})(?: |$)/.exec(rest)
  if (words === null) return undefined
  const [time, host, app, process, id] = words.slice(1).map((word) => (word === '-' ? '' : word))
  const behind = rest.slice(words[0].length)
  const end = structuredEnd(behind)
  if (end === undefined) return undefined
  const structured = behind.slice(0, end)
  const text = behind.slice(end).replace(/^ \ufeff?/, '')
  return { form: 'rfc5424', ...rank, time, host, app, process, id, structured: structured === '-' ? '' : structured, text }
}

/** Where the elements in brackets end; `]`, `"` and `\` are escaped inside a value. */
function structuredEnd(text: string): number | undefined {
  if (text === '' || text.startsWith('-')) return Math.min(1, text.length)
  let at = 0
  while (text[at] === '[') {
    let quoted = false
    for (at++; at < text.length && (quoted || text[at] !== ']'); at++) {
      if (quoted && text[at] === '\\') at++
      else if (text[at] === '"') quoted = !quoted
    }
    if (at++ >= text.length) return undefined
  }
  return at === 0 ? undefined : at
}

function parseOld(rest: string, rank: Rank): Message {
  const time = oldHeader.exec(rest)
  if (time === null) {
    const tag = oldTag.exec(rest)
    return { form: 'bare', ...rank, ...nothing, app: tag?.[1] ?? '', process: tag?.[2] ?? '', text: rest.slice(tag?.[0].length ?? 0) }
  }
  const behind = rest.slice(time[0].length)
  const bareTag = oldTag.exec(behind)
  const host = bareTag === null ? (/^(\S{1,255}) /.exec(behind)?.[1] ?? '') : ''
  const content = host === '' ? behind : behind.slice(host.length + 1)
  const tag = bareTag ?? oldTag.exec(content)
  return { form: 'rfc3164', ...rank, time: time[1], host, app: tag?.[1] ?? '', process: tag?.[2] ?? '', id: '', structured: '', text: content.slice(tag?.[0].length ?? 0) }
}

/** Writes RFC 5424, whatever form it was read in. */
export function build(message: Message): Uint8Array {
  const { time, host, app, process, id, structured, text } = message
  const words = [time.replaceAll(' ', '_'), host, app, process, id, structured].map((word) => (word === '' ? '-' : word))
  return utf8(`<${message.facility * 8 + message.severity}>1 ${words.join(' ')}${text === '' ? '' : ` ${text}`}`)
}

/** `syslog daemon.info node1 udhcpc[42]: lease obtained`. */
export function format({ facility, severity, host, app, process, text }: Message): string {
  const who = [host, `${app}${process === '' ? '' : `[${process}]`}`].filter((word) => word !== '').map(legible).join(' ')
  return `syslog ${facilities[facility]}.${severities[severity]}${who === '' ? '' : ` ${who}`}: ${legible(text.slice(0, 200))}`
}

export const show = {
  facility: (value: number): string => facilities[value],
  severity: (value: number): string => severities[value],
  ...Object.fromEntries((['time', 'host', 'app', 'process', 'id', 'structured', 'text'] as const).map((key) => [key, legible])),
}
