import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

const lines = (name: string): string[] => readFileSync(bench.file(name), 'utf8').trimEnd().split('\n')

describe('netloom trace', () => {
  it('writes every instruction of the window, with the names it was given', async () => {
    const map = bench.write('map', '0000000080000000 T begin\n000000008000000c t again\n')
    const outcome = await bench.call('trace', bench.file('hello.yaml'), '--from', '0ms', '--to', '7ns', '-o', bench.file('trace'), '--symbols', map)
    expect(outcome).toMatchObject({ code: 0, out: '', err: '' })
    expect(lines('trace')).toEqual([
      '   0.000000000  0 M  0000000080000000 <begin>  lui a0,0x10000                  a0=10000000',
      '   0.000000001  0 M  0000000080000004 <begin+0x4>  auipc a1,0x0                    a1=80000004',
      '   0.000000002  0 M  0000000080000008 <begin+0x8>  addi a1,a1,52                   a1=80000038',
      '   0.000000003  0 M  000000008000000c <again>  lbu a2,0(a1)                    a2=68',
      '   0.000000004  0 M  0000000080000010 <again+0x4>  beqz a2,0x80000020',
      '   0.000000005  0 M  0000000080000014 <again+0x8>  sb a2,0(a0)',
      '   0.000000006  0 M  0000000080000018 <again+0xc>  addi a1,a1,1                    a1=80000039',
    ])
  }, 30_000)

  it('stops at its limit and says so', async () => {
    expect(await bench.call('trace', bench.file('hello.yaml'), '--from', '0ms', '--to', '1ms', '--limit', '3', '-o', bench.file('short'))).toMatchObject({ code: 0, err: 'the trace ends after 3 lines: more with --limit\n' })
    expect(lines('short')).toHaveLength(3)
  })

  it.each([
    [['--from', '5', '--to', '1ms'], '--from 5 is no time'],
    [['--from', '2ms', '--to', '1ms'], 'is empty'],
    [['--from', '1s', '--to', '2s'], 'nothing ran between 1s and 2s'],
    [['--from', '0ms', '--to', '1ms', '--node', 'b'], 'there is no machine b'],
    [['--from', '0ms', '--to', '1ms', '--limit', '0'], '--limit 0 is no number of lines'],
  ])('%j: %s', async (words, sentence) => {
    const { code, err } = await bench.call('trace', bench.file('hello.yaml'), ...words, '-o', bench.file('none'))
    expect(code).toBe(2)
    expect(err).toContain(sentence)
  })

  it('refuses symbols without names, and files that are not there', async () => {
    const words = ['trace', bench.file('hello.yaml'), '--from', '0ms', '--to', '1ms', '-o', bench.file('none')]
    expect(await bench.call(...words, '--symbols', bench.file('hello.yaml'))).toMatchObject({ code: 2, err: expect.stringContaining('names no address') })
    expect(await bench.call(...words, '--symbols', bench.file('nowhere'))).toMatchObject({ code: 3, err: expect.stringContaining('there is no file') })
  })
})
