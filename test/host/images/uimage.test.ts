import { describe, expect, it } from 'vitest'
import { hex } from '../../../src/base/bytes.ts'
import { buildScript, isLegacyImage } from '../../../src/host/images/uimage.ts'

describe('uImage scripts', () => {
  it('are what mkimage writes with time 0', () => {
    // SOURCE_DATE_EPOCH=0 mkimage -A riscv -O linux -T script -C none -n netloom -d <(echo 'echo hi') out
    expect(hex(buildScript('echo hi'))).toBe(
      '27051956' + // ih_magic
        '91d57420' + // ih_hcrc
        '00000000' + // ih_time
        '00000010' + // ih_size
        '00000000' + // ih_load
        '00000000' + // ih_ep
        'd9340162' + // ih_dcrc
        '051a0600' + // Linux, RISC-V, script, uncompressed
        '6e65746c6f6f6d' + // netloom
        '00'.repeat(25) +
        '00000008' + // length of the only part
        '00000000' +
        '6563686f2068690a', // echo hi
    )
  })

  it('end in a line feed whether or not the text does', () => {
    expect(buildScript('boot\n')).toEqual(buildScript('boot'))
  })

  it('cut a long name', () => {
    const bytes = buildScript('boot', 'x'.repeat(40))
    expect(bytes[32 + 30]).toBe(0x78)
    expect(bytes[32 + 31]).toBe(0)
    expect(isLegacyImage(bytes)).toBe(true)
  })

  it('are known by their header checksum', () => {
    const bytes = buildScript('boot')
    expect(isLegacyImage(bytes)).toBe(true)
    bytes[40] ^= 1
    expect(isLegacyImage(bytes)).toBe(false)
    expect(isLegacyImage(bytes.subarray(0, 63))).toBe(false)
  })
})
