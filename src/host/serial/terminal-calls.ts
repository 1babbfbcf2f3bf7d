/** Terminals of the host: pseudo terminals made, lines set raw and to a rate, modem lines. The C library's own functions, by koffi. Linux; constants of asm-generic. */
import { createRequire } from 'node:module'
import { modemInputs, modemOutputs } from '../../link/modem.ts'
import { HostError } from '../host-error.ts'
import { errorName, type Koffi, libc, openFlags } from '../uplinks/libc.ts'

/** O_NOCTTY. */
const noControl = 0x100
const requests = { modemGet: 0x5415, modemSet: 0x5418, breakOn: 0x5427, breakOff: 0x5428 } as const
/** TIOCM_…; koffi and the kernel have them as an int. */
const modem = { dtr: 0x002, rts: 0x004, cts: 0x020, dcd: 0x040, ri: 0x080, dsr: 0x100 } as const
/** B…: what cfsetspeed understands everywhere. */
const speeds: Readonly<Record<number, number>> = { 50: 1, 75: 2, 110: 3, 134: 4, 150: 5, 200: 6, 300: 7, 600: 8, 1200: 9, 1800: 10, 2400: 11, 4800: 12, 9600: 13, 19200: 14, 38400: 15, 57600: 0x1001, 115200: 0x1002, 230400: 0x1003, 460800: 0x1004, 500000: 0x1005, 576000: 0x1006, 921600: 0x1007, 1000000: 0x1008, 1500000: 0x100a, 2000000: 0x100b, 3000000: 0x100d, 4000000: 0x100f }
/** More than any struct termios, and than what koffi moves. */
const termiosBytes = 256
const hangUp = 0x10

export interface Terminals {
  /** @returns the master's descriptor and the slave's path; raw. */
  makePty(): { readonly master: number; readonly path: string }
  /** Whether somebody has the slave open. */
  attended(master: number): boolean
  duplicate(fd: number): number
  /** Raw, and at a rate where one is given and the host knows it. @returns the descriptor. */
  openDevice(path: string, rateBps: number | undefined): number
  setRate(fd: number, rateBps: number): void
  /** Bits of `modemInputs`; undefined where the device has none. */
  inputs(fd: number): number | undefined
  /** Bits of `modemOutputs`. */
  raise(fd: number, outputs: number): void
  close(fd: number): void
}

type Call = (...words: (number | string)[]) => number

/** @throws {HostError} EKOFFI where koffi isn't there; ENOTSUP where it isn't Linux. */
export function terminals(): Terminals {
  const { addressOf, open, close, ioctl, poll } = openLibc()
  const bound = bindings()
  const termios = new Uint8Array(termiosBytes)
  const at = addressOf(termios)
  const set = (fd: number, rateBps: number | undefined): void => {
    check('tcgetattr', bound.tcgetattr(fd, at))
    bound.cfmakeraw(at)
    const speed = rateBps === undefined ? undefined : speeds[rateBps]
    if (speed !== undefined) bound.cfsetspeed(at, speed)
    check('tcsetattr', bound.tcsetattr(fd, 0, at))
  }
  const word = new Uint8Array(128)
  const wordAt = addressOf(word)
  const view = new DataView(word.buffer)
  return {
    makePty: () => {
      const master = check('posix_openpt', bound.posix_openpt(openFlags.readWrite | noControl | openFlags.closeOnExec))
      check('grantpt', bound.grantpt(master))
      check('unlockpt', bound.unlockpt(master))
      check('ptsname', bound.ptsname_r(master, wordAt, word.length))
      const path = Buffer.from(word.subarray(0, word.indexOf(0))).toString()
      // The line's settings are the pair's, and stay when nobody has it open.
      const slave = check('open', open(path, openFlags.readWrite | noControl | openFlags.closeOnExec))
      set(slave, undefined)
      close(slave)
      return { master, path }
    },
    attended: (master) => {
      view.setInt32(0, master, true)
      view.setInt32(4, 0, true)
      return poll(wordAt, 1, 0) >= 0 && (view.getInt16(6, true) & hangUp) === 0
    },
    duplicate: (fd) => check('dup', bound.dup(fd)),
    openDevice: (path, rateBps) => {
      const fd = open(path, openFlags.readWrite | noControl | openFlags.nonBlocking | openFlags.closeOnExec)
      if (fd < 0) throw new HostError(errorName(fd), `cannot open the serial port ${path}: ${errorName(fd)}`, errorName(fd) === 'EACCES' ? 'sudo usermod -aG dialout $USER, then log in again' : 'name a terminal device under serial.device')
      set(fd, rateBps)
      return fd
    },
    setRate: set,
    inputs: (fd) => {
      if (ioctl(fd, requests.modemGet, wordAt) < 0) return undefined
      const bits = view.getInt32(0, true)
      return (bits & modem.cts ? modemInputs.cts : 0) | (bits & modem.dsr ? modemInputs.dsr : 0) | (bits & modem.ri ? modemInputs.ri : 0) | (bits & modem.dcd ? modemInputs.dcd : 0)
    },
    raise: (fd, outputs) => {
      ioctl(fd, outputs & modemOutputs.break ? requests.breakOn : requests.breakOff, 0)
      if (ioctl(fd, requests.modemGet, wordAt) < 0) return
      const kept = view.getInt32(0, true) & ~(modem.dtr | modem.rts)
      view.setInt32(0, kept | (outputs & modemOutputs.dtr ? modem.dtr : 0) | (outputs & modemOutputs.rts ? modem.rts : 0), true)
      ioctl(fd, requests.modemSet, wordAt)
    },
    close: (fd) => void close(fd),
  }
}

function check(what: string, result: number): number {
  if (result >= 0) return result
  throw new HostError(errorName(result), `${what}: ${errorName(result)}`, 'is /dev/pts mounted, and is the device a terminal?')
}

/** libc.ts speaks of uplinks in its hints. */
function openLibc(): ReturnType<typeof libc> {
  try {
    return libc()
  } catch (error) {
    if (error instanceof HostError && error.code === 'EKOFFI') throw new HostError('EKOFFI', 'serial: pty and device need koffi, which does not load here', 'npm install koffi; tcp, telnet, unix, fifo, file and websocket work without it', error)
    throw error
  }
}

let loaded: Readonly<Record<'posix_openpt' | 'grantpt' | 'unlockpt' | 'ptsname_r' | 'tcgetattr' | 'tcsetattr' | 'cfmakeraw' | 'cfsetspeed' | 'dup', Call>> | undefined

function bindings(): NonNullable<typeof loaded> {
  if (loaded !== undefined) return loaded
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  const library = koffi.load(null)
  const bind = (definition: string, error: 'errno' | 'result' | 'none' = 'errno'): Call => {
    const call = library.func(definition)
    return (...words) => {
      const result = (call(...words) ?? 0) as number
      return error === 'errno' && result < 0 ? -koffi.errno() : error === 'result' ? -result : result
    }
  }
  loaded = {
    posix_openpt: bind('int posix_openpt(int flags)'),
    grantpt: bind('int grantpt(int fd)'),
    unlockpt: bind('int unlockpt(int fd)'),
    ptsname_r: bind('int ptsname_r(int fd, uintptr_t name, size_t length)', 'result'),
    tcgetattr: bind('int tcgetattr(int fd, uintptr_t termios)'),
    tcsetattr: bind('int tcsetattr(int fd, int when, uintptr_t termios)'),
    cfmakeraw: bind('void cfmakeraw(uintptr_t termios)', 'none'),
    cfsetspeed: bind('int cfsetspeed(uintptr_t termios, unsigned int speed)'),
    dup: bind('int dup(int fd)'),
  }
  return loaded
}
