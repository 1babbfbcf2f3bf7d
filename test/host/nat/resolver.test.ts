import { expect, it } from 'vitest'
import { HostResolver } from '../../../src/host/nat/resolver.ts'

function resolver(...servers: string[]) {
  const world = { now: 0, servers }
  return { world, made: new HostResolver(() => world.servers, () => world.now) }
}

it('asks the system’s first server, by whatever port', () => {
  expect(resolver('192.0.2.1', '192.0.2.2').made.ask()).toEqual({ address: '192.0.2.1', port: 53 })
  expect(resolver('192.0.2.1:5353').made.ask()).toEqual({ address: '192.0.2.1', port: 5353 })
  expect(resolver('::1').made.ask()).toEqual({ address: '::1', port: 53 })
  expect(resolver('[::1]:5353').made.ask()).toEqual({ address: '::1', port: 5353 })
})

it('has nobody where the system has nobody', () => {
  expect(resolver().made.ask()).toBeUndefined()
})

it('asks the next one after a silence, and stays with who answers', () => {
  const { world, made } = resolver('192.0.2.1', '192.0.2.2')
  made.ask()
  world.now = 1000
  expect(made.ask()?.address).toBe('192.0.2.1')
  world.now = 1600
  expect(made.ask()?.address).toBe('192.0.2.2')
  made.heard()
  world.now = 1900
  expect(made.ask()?.address).toBe('192.0.2.2')
})

it('follows when this computer changes its servers', () => {
  const { world, made } = resolver('192.0.2.1')
  made.ask()
  world.servers = ['198.51.100.1']
  world.now = 1000
  expect(made.ask()?.address).toBe('192.0.2.1')
  world.now = 3000
  expect(made.ask()?.address).toBe('198.51.100.1')
})
