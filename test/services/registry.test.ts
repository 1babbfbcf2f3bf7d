import { expect, it } from 'vitest'
import { services } from '../../services/registry.ts'

it('finds every service by its own kind', () => {
  expect(Object.entries(services).map(([key, kind]) => [key, kind.kind])).toEqual([['dhcp', 'dhcp'], ['tftp', 'tftp']])
})
