import { expect, it } from 'vitest'
import { assert, AssertionError, ConfigError, Malformed } from '../../src/base/errors.ts'

it('puts the place in front of what is wrong with a file', () => {
  const error = new ConfigError('unknown key "dchp"', { file: 'lab.yaml', line: 3, column: 5 }, 'did you mean dhcp?')
  expect([error.name, error.message, error.hint]).toEqual(['ConfigError', 'lab.yaml:3:5: unknown key "dchp"', 'did you mean dhcp?'])
  expect(new ConfigError('no file').message).toBe('no file')
})

it('asserts', () => {
  expect(() => assert(true, 'x')).not.toThrow()
  expect(() => assert(0, 'zero')).toThrow(AssertionError)
  expect(new Malformed('x').name).toBe('Malformed')
})
