/**
 * TAP and TUN where koffi has no binary: socat holds the device, and each frame is a datagram on the loopback between it and us. Slower, and nothing is left to the
 * device (no vnet header): frames are summed and segmented before they leave.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import type { OutsideLink } from '../../lab/uplink.ts'
import type { AddressPlan } from '../../lab/topology.ts'
import type { Frame } from '../../link/port.ts'
import { HostError } from '../host-error.ts'
import { Datagrams } from './datagrams.ts'
import { ip } from './ip-command.ts'

export interface HelperPlan {
  readonly mode: 'tap' | 'tun'
  /** Left out: the first free one. */
  readonly ifname: string | undefined
  readonly mtu: number
  readonly bridge: string | undefined
  readonly hostAddress: AddressPlan | undefined
  readonly enter: (frame: Frame) => void
  /** The helper has ended by itself. */
  readonly lost: (code: string) => void
}

export interface HelperDevice {
  readonly name: string
  readonly link: OutsideLink
  close(): void
}

const loopback = '127.0.0.1'
/** socat says so once the device is its own. */
const ready = 'starting data transfer loop'
const patience = 5000

/** @throws {HostError} without socat, or without the right to the device. */
export async function openHelper(plan: HelperPlan): Promise<HelperDevice> {
  const name = plan.ifname ?? freeName(plan.mode)
  const [ours, its] = await freePorts()
  const link = new Datagrams({ local: { host: loopback, port: ours }, remote: { host: loopback, port: its }, enter: plan.enter })
  await link.open()
  const child = spawn('socat', ['-d', '-d', '-b', '65535', `UDP4:${loopback}:${ours},bind=${loopback}:${its}`, `TUN,tun-name=${name},tun-type=${plan.mode},iff-no-pi`], { stdio: ['ignore', 'ignore', 'pipe'] })
  let closed = false
  const close = (): void => {
    closed = true
    child.kill()
    link.close()
  }
  try {
    await started(child, name, plan.mode)
    settle(name, plan)
  } catch (error) {
    close()
    throw error
  }
  child.once('exit', () => !closed && plan.lost('EHELPER'))
  return { name, link, close }
}

function started(child: ChildProcess, name: string, mode: 'tap' | 'tun'): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    const refuse = (why: string, cause?: Error): void => reject(new HostError((cause as NodeJS.ErrnoException | undefined)?.code ?? 'EHELPER', why, why.startsWith('socat') ? 'npm install koffi, or sudo apt install socat' : `sudo ip tuntap add dev ${name} mode ${mode} user $USER && sudo ip link set ${name} up`, cause))
    const timer = setTimeout(() => refuse(`socat does not open ${name}`), patience)
    child.stderr?.on('data', (bytes: Buffer) => {
      if (said.length < 65_536) said += bytes.toString('latin1')
      if (!said.includes(ready)) return
      clearTimeout(timer)
      resolve()
    })
    child.once('error', (error) => (clearTimeout(timer), refuse('socat, which stands in for koffi, does not run', error)))
    child.once('exit', () => (clearTimeout(timer), refuse(`this user may not make or use the ${mode.toUpperCase()} ${name}: ${said.split('\n').find((line) => line.includes(' E '))?.replace(/^.* E /, '') ?? 'socat ended'}`)))
  })
}

/** What is so already is left alone: who made the interface for a user without rights has seen to it. */
function settle(name: string, { mtu, bridge, hostAddress }: HelperPlan): void {
  const about = (file: string): string => readFileSync(`/sys/class/net/${name}/${file}`, 'latin1').trim()
  if (Number(about('mtu')) !== mtu) ip('link', 'set', name, 'mtu', String(mtu))
  if (bridge !== undefined && !existsSync(`/sys/class/net/${bridge}/brif/${name}`)) ip('link', 'set', name, 'master', bridge)
  if (hostAddress !== undefined) ip('addr', 'replace', `${hostAddress.address}/${hostAddress.prefix}`, 'dev', name)
  if ((Number(about('flags')) & 1) === 0) ip('link', 'set', name, 'up')
}

function freeName(mode: string): string {
  for (let number = 0; ; number++) if (!existsSync(`/sys/class/net/${mode}${number}`)) return `${mode}${number}`
}

/** Two UDP ports of the loopback's that nobody has. */
async function freePorts(): Promise<[number, number]> {
  const sockets = [createSocket('udp4'), createSocket('udp4')]
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => void socket.bind(0, loopback, resolve))))
  const [ours, its] = sockets.map((socket) => socket.address().port)
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => void socket.close(() => resolve()))))
  return [ours, its]
}
