import { expect, it } from 'vitest'
import { hex16, hex32, hex8 } from '../../src/wire/format.ts'

it('writes hexadecimal at full width', () => {
  expect([hex8(0xa), hex16(0xa), hex32(0xa)]).toEqual(['0x0a', '0x000a', '0x0000000a'])
})
