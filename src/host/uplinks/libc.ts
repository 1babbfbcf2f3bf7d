/** The few functions of the C library that frames pass through, called by koffi. Linux; numbers as its asm-generic headers have them. */
import { createRequire } from 'node:module'
import { getSystemErrorName } from 'node:util'
import { HostError } from '../host-error.ts'

/** What a call came to: the result, or the negative errno. */
export type Result = number

export interface Libc {
  open(path: string, flags: number): Result
  close(fd: number): Result
  /** @param argument an address, or a number where the request takes one. */
  ioctl(fd: number, request: number, argument: number): Result
  /** @param address of memory that outlives the call. */
  read(fd: number, address: number, length: number): Result
  write(fd: number, address: number, length: number): Result
  poll(address: number, count: number, timeout: number): Result
  eventfd(initial: number, flags: number): Result
  socket(domain: number, type: number, protocol: number): Result
  bind(fd: number, address: number, length: number): Result
  setsockopt(fd: number, level: number, option: number, address: number, length: number): Result
  getsockopt(fd: number, level: number, option: number, address: number, lengthAddress: number): Result
  connect(fd: number, address: number, length: number): Result
  shutdown(fd: number, how: number): Result
  send(fd: number, address: number, length: number, flags: number): Result
  recv(fd: number, address: number, length: number, flags: number): Result
  /** @param vector where `count` iovecs lie. */
  writev(fd: number, vector: number, count: number): Result
  epollCreate(flags: number): Result
  /** @param event where an epoll_event lies. */
  epollControl(epoll: number, operation: number, fd: number, event: number): Result
  epollWait(epoll: number, events: number, most: number, timeout: number): Result
  /** @param message where a msghdr lies. */
  recvmsg(fd: number, message: number, flags: number): Result
  sendto(fd: number, address: number, length: number, flags: number, to: number, toLength: number): Result
  /** Where the bytes lie. They must not be collected while anybody uses it, and be more than 64: smaller arrays may move. */
  addressOf(bytes: Uint8Array): number
}

export const openFlags = { readWrite: 2, nonBlocking: 0x800, closeOnExec: 0x80000 } as const
export const pollEvents = { in: 1, error: 8, hangUp: 16, invalid: 32 } as const
/** errno of what is no failure: nothing there now, and asked again. */
export const tryAgain = -11
export const interrupted = -4

/** ENETDOWN: a packet socket says once that its interface went down; it may come up again. EIO, EBADFD, which are not among them: a TAP whose interface is gone. */
export const passingErrors = new Set(['EAGAIN', 'EINTR', 'ENETDOWN', 'ENOBUFS', 'ENOMEM'])

let loaded: Libc | undefined

/** @throws {HostError} EKOFFI where koffi isn't installed, or has no binary for this computer. */
export function libc(): Libc {
  loaded ??= load()
  return loaded
}

/** `EPERM` of -1. */
export function errorName(result: Result): string {
  return getSystemErrorName(result)
}

function load(): Libc {
  if (process.platform !== 'linux') throw new HostError('ENOTSUP', `TAP, TUN and packet sockets are Linux's, this is ${process.platform}`, 'type: qemu and type: udp work everywhere')
  const koffi = loadKoffi()
  const library = openLibrary(koffi)
  const bound = (definition: string): ((...words: (number | string)[]) => Result) => {
    const call = library.func(definition)
    return (...words) => {
      const result = call(...words) as number
      return result < 0 ? -koffi.errno() : result
    }
  }
  return {
    open: bound('int open(const char *path, int flags)'),
    close: bound('int close(int fd)'),
    ioctl: bound('int ioctl(int fd, unsigned long request, uintptr_t argument)'),
    read: bound('intptr_t read(int fd, uintptr_t buffer, size_t length)'),
    write: bound('intptr_t write(int fd, uintptr_t buffer, size_t length)'),
    poll: bound('int poll(uintptr_t fds, unsigned long count, int timeout)'),
    eventfd: bound('int eventfd(unsigned int initial, int flags)'),
    socket: bound('int socket(int domain, int type, int protocol)'),
    bind: bound('int bind(int fd, uintptr_t address, unsigned int length)'),
    setsockopt: bound('int setsockopt(int fd, int level, int option, uintptr_t value, unsigned int length)'),
    getsockopt: bound('int getsockopt(int fd, int level, int option, uintptr_t value, uintptr_t length)'),
    connect: bound('int connect(int fd, uintptr_t address, unsigned int length)'),
    shutdown: bound('int shutdown(int fd, int how)'),
    send: bound('intptr_t send(int fd, uintptr_t buffer, size_t length, int flags)'),
    recv: bound('intptr_t recv(int fd, uintptr_t buffer, size_t length, int flags)'),
    writev: bound('intptr_t writev(int fd, uintptr_t vector, int count)'),
    epollCreate: bound('int epoll_create1(int flags)'),
    epollControl: bound('int epoll_ctl(int epoll, int operation, int fd, uintptr_t event)'),
    epollWait: bound('int epoll_wait(int epoll, uintptr_t events, int most, int timeout)'),
    recvmsg: bound('intptr_t recvmsg(int fd, uintptr_t message, int flags)'),
    sendto: bound('intptr_t sendto(int fd, uintptr_t buffer, size_t length, int flags, uintptr_t to, unsigned int toLength)'),
    addressOf: (bytes) => Number(koffi.address(bytes)),
  }
}

export type Koffi = typeof import('koffi')

/** Whether it has a binary for this computer. */
export function koffiLoads(): boolean {
  try {
    loadKoffi()
    return true
  } catch {
    return false
  }
}

/** @throws {HostError} EKOFFI */
export function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi
  } catch (error) {
    throw new HostError('EKOFFI', `koffi does not load here: ${(error as Error).message.split('\n')[0]}`, 'npm install koffi; without it type: qemu, udp, tap and tun still work', error)
  }
}

/** glibc's name, then musl's, then whatever the process is linked with. */
function openLibrary(koffi: Koffi): ReturnType<Koffi['load']> {
  for (const name of ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : process.arch === 'x64' ? 'x86_64' : process.arch}.so.1`]) {
    try {
      return koffi.load(name)
    } catch {
      continue
    }
  }
  return koffi.load(null)
}
