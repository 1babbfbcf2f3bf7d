import { expect, it } from 'vitest'
import { services } from '../../services/registry.ts'

it('finds every service by its own kind', () => {
  expect(Object.keys(services)).toEqual(Object.values(services).map(({ kind }) => kind))
  expect(Object.keys(services)).toContain('dhcp')
})
