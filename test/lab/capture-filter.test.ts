import { expect, it } from 'vitest'
import { Timeline } from '../../src/base/timeline.ts'
import { chooseCapture } from '../../src/lab/capture-filter.ts'
import { Tap } from '../../src/lab/tap.ts'
import { cable } from '../../src/link/cable.ts'

const timeline = new Timeline()
const tap = (node: string, nic: string, network: string | undefined): Tap =>
  new Tap(cable({ near: { name: `${node}:${nic}`, scheduler: timeline }, far: { name: `${node}:${nic} far`, scheduler: timeline } })[0], timeline, { name: `${node}:${nic}`, node, nic, network })
const taps = [tap('a', 'eth0', 'lan'), tap('a', 'eth1', undefined), tap('b', 'eth0', 'lan')]
const chosen = (what: string | undefined): [string[], string] => {
  const { which, directions } = chooseCapture(what, taps, ['lan'])
  return [taps.filter(which).map((one) => one.name), directions]
}

it('chooses everything, a network as it enters, a node and an interface both ways', () => {
  expect(chosen(undefined)).toEqual([['a:eth0', 'a:eth1', 'b:eth0'], 'both'])
  expect(chosen('lan')).toEqual([['a:eth0', 'b:eth0'], 'out'])
  expect(chosen('a')).toEqual([['a:eth0', 'a:eth1'], 'both'])
  expect(chosen('a:eth1')).toEqual([['a:eth1'], 'both'])
})

it('refuses what is not there, with the nearest name', () => {
  expect(() => chosen('lam')).toThrow('there is no network, node or interface "lam"')
})
