/**
 * A lock between processes that share a folder, as a file: made by link(2), which fails when it is there, so that it appears whole.
 * It is stale when its maker is gone (same boot, no such process), or when its time stamp stopped: holders renew it. What it guards is written by
 * rename and checked by hash, so two holders, if that ever came to pass, would do work twice and harm nothing.
 */
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

const renewEvery = 5_000
/** A lock not renewed for this long, in milliseconds, is nobody's. */
const staleAfter = 60_000
const askEvery = 100
let made = 0

interface Holder {
  readonly pid: number
  /** Tells this boot of this machine from others that see the same folder. */
  readonly boot: string
}

/**
 * @param waiting told once, when another process holds it. @returns the call that gives it back.
 * @throws AbortError when `signal` rings before.
 */
export async function lock(path: string, waiting: (pid: number) => void, signal?: AbortSignal): Promise<() => void> {
  const mine = `${path}.${process.pid}.${++made}`
  writeFileSync(mine, JSON.stringify({ pid: process.pid, boot: bootId() } satisfies Holder))
  try {
    for (let told = false; !link(mine, path); ) {
      const holder = read(path)
      if (isStale(path, holder)) {
        breakLock(path, holder)
        continue
      }
      if (!told && holder !== undefined) {
        waiting(holder.pid)
        told = true
      }
      await wait(askEvery, undefined, signal === undefined ? {} : { signal })
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return hold(path)
}

function hold(path: string): () => void {
  const renew = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      // Someone took it for stale; see above.
    }
  }, renewEvery)
  renew.unref()
  const release = (): void => {
    clearInterval(renew)
    process.off('exit', release)
    if (read(path)?.pid === process.pid) rmSync(path, { force: true })
  }
  process.once('exit', release)
  return release
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moved aside first: of several that find it stale one succeeds, and looks at what it moved. */
function breakLock(path: string, stale: Holder | undefined): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = read(aside)
  if (moved !== undefined && moved.pid !== stale?.pid) link(aside, path)
  rmSync(aside, { force: true })
}

function isStale(path: string, holder: Holder | undefined): boolean {
  const renewed = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  if (renewed === undefined) return false
  if (Date.now() - renewed > staleAfter) return true
  return holder?.boot === bootId() && !isAlive(holder.pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder
    return typeof holder.pid === 'number' && typeof holder.boot === 'string' ? holder : undefined
  } catch {
    return undefined
  }
}

/** Linux has one; elsewhere only the time stamp tells. Processes in other PID namespaces are told apart as well. */
function bootId(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${statSync('/proc/self/ns/pid').ino}`
  } catch {
    return `${process.platform}`
  }
}
