/** One descriptor watched by Node's own event loop, whatever kind it is: libuv's uv_poll_t, whose functions Node exports for its add-ons. */
import { isMainThread } from 'node:worker_threads'
import { loadKoffi } from './uplinks/libc.ts'

/** UV_POLL of uv_handle_type, and UV_READABLE. */
const pollHandle = 8
const readable = 1

export interface LoopWatch {
  /** The descriptor may be closed afterwards. */
  stop(): void
}

/** Handles that libuv is closing, and those of callbacks that it may still call: memory that must stay where it is. */
const kept = new Set<unknown>()

/**
 * Calls `ready` from inside the event loop, as often as the descriptor is readable in one of its turns; what it does there must be little, and goes on in `setImmediate`,
 * which comes in the same turn.
 * @returns undefined where that can't be done: in other threads, whose loop nobody names, or where Node or koffi lacks a part.
 */
export function watchInLoop(fd: number, ready: () => void): LoopWatch | undefined {
  if (!isMainThread) return undefined
  try {
    return start(fd, ready)
  } catch {
    return undefined
  }
}

function start(fd: number, ready: () => void): LoopWatch | undefined {
  const koffi = loadKoffi()
  const node = koffi.load(null)
  const loop = node.func('uintptr_t uv_default_loop()')() as number
  const size = node.func('size_t uv_handle_size(int type)')(pollHandle) as number
  const handle = new Uint8Array(Math.max(256, Number(size)))
  const address = Number(koffi.address(handle))
  if ((node.func('int uv_poll_init(uintptr_t loop, uintptr_t handle, int fd)')(loop, address, fd) as number) !== 0) return undefined
  const type = koffi.pointer(koffi.proto('void (uintptr_t handle, int status, int events)'))
  const callback = koffi.register(ready, type)
  kept.add(handle)
  const begin = node.func('uv_poll_start', 'int', ['uintptr_t', 'int', type])
  if ((begin(address, readable, callback) as number) !== 0) return undefined
  const halt = node.func('int uv_poll_stop(uintptr_t handle)')
  const close = node.func('void uv_close(uintptr_t handle, uintptr_t callback)')
  // A process with nothing else to do may end.
  node.func('void uv_unref(uintptr_t handle)')(address)
  return {
    stop: () => {
      halt(address)
      close(address, 0)
      koffi.unregister(callback)
    },
  }
}
