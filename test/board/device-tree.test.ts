import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { buildDeviceTree, cells64, quad } from '../../src/board/device-tree.ts'

describe('flattened device tree', () => {
  it('is header, empty reservations, structure and strings', () => {
    const blob = buildDeviceTree({ name: '', properties: { a: 'hi' }, children: [{ name: 'n@1', properties: { reg: [1, 2], a: true } }] })
    expect(hex(blob)).toBe(
      [
        'd00dfeed', // magic
        '00000090', // totalsize
        '00000038', // off_dt_struct
        '00000084', // off_dt_strings
        '00000028', // off_mem_rsvmap
        '00000011', // version
        '00000010', // last_comp_version
        '00000000', // boot_cpuid_phys
        '00000006', // size_dt_strings
        '0000004c', // size_dt_struct
        '00000000000000000000000000000000',
        '00000001 00000000', // begin ""
        '00000003 00000003 00000000 68690000', // a = "hi"
        '00000001 6e403100', // begin "n@1"
        '00000003 00000008 00000002 00000001 00000002', // reg = <1 2>
        '00000003 00000000 00000000', // a
        '00000002 00000002 00000009', // end, end, END
        '6100 72656700', // "a", "reg"
        '000000000000', // to a multiple of 8
      ]
        .join('')
        .replaceAll(' ', ''),
    )
  })

  it('splits wide values into cells', () => {
    expect(cells64(0x8000_0000, 0x1_0000_0002)).toEqual([0, 0x8000_0000, 1, 2])
    expect(hex(quad(0x1_0000_0002n))).toBe('0000000100000002')
  })
})
