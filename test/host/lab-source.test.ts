import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openSource } from '../../src/host/lab-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-source-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

describe('a lab file on the host', () => {
  it('is read, and includes are found beside the file that names them', () => {
    mkdirSync(join(folder, 'parts'), { recursive: true })
    file('parts/a.yaml', 'name: a')
    const source = openSource(file('lab.yaml', 'include: parts/a.yaml'), { X: '1' })
    expect([source.text, source.folder, source.environment]).toEqual(['include: parts/a.yaml', folder, { X: '1' }])
    expect(source.include('parts/a.yaml', source.file)).toEqual({ file: join(folder, 'parts/a.yaml'), text: 'name: a' })
    expect(source.include('../lab.yaml', join(folder, 'parts/a.yaml')).file).toBe(join(folder, 'lab.yaml'))
  })

  it('that is none of what it should be is refused in a sentence', () => {
    expect(() => openSource(join(folder, 'none.yaml'))).toThrow(`there is no file ${join(folder, 'none.yaml')}`)
    expect(() => openSource(folder)).toThrow('it is a folder')
    expect(() => openSource(file('latin.yaml', Uint8Array.of(0x61, 0xff)))).toThrow('it is not UTF-8 text')
    expect(() => openSource(file('large.yaml', new Uint8Array((1 << 20) + 1).fill(0x23)))).toThrow('a lab file may have 1048576')
  })
})
