/** Files of a size to be read, no barrels, and a test beside every file that has something to test. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, roomOf, sources } from './source.ts'

const longest = 400

it('no file is longer than 400 lines', () => {
  const complaints = sources('src', 'services', 'test', 'bench')
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > longest)
    .map(({ path, lines }) => `${path} has ${lines} lines. More than ${longest} are two nouns in one file.`)
  expect(complaints).toEqual([])
})

it('there are no barrels', () => {
  const complaints = sources('src', 'services').flatMap(({ path, text }) => {
    if (/(?:^|\/)index\.ts$/.test(path)) return [`${path} is a barrel by its name.`]
    return /^export\s+(?:\*|\{[^}]*\})\s+from\b/m.test(text) ? [`${path} exports what is another file's. Import the file that has the thing.`] : []
  })
  expect(complaints).toEqual([])
})

it('every test stands where its subject stands', () => {
  const own = ['laws', 'contract', 'golden', 'fuzz', 'peers']
  const complaints = sources('test')
    .filter(({ path }) => path.endsWith('.test.ts') && !own.includes(path.split('/')[1]))
    .flatMap(({ path }) => {
      const below = path.replace(/^test\//, '').replace(/\.test\.ts$/, '')
      const subject = below.startsWith('services/') ? below : `src/${below}`
      const folder = subject.slice(0, subject.lastIndexOf('/'))
      // A test of several files of one folder stands in that folder's mirror.
      return existsSync(join(root, `${subject}.ts`)) || existsSync(join(root, folder)) ? [] : [`${path} tests ${subject}.ts, which is not there. test/ mirrors src/ and services/ name for name.`]
    })
  expect(complaints).toEqual([])
})

it('files are named in kebab-case', () => {
  const complaints = sources('src', 'services', 'test', 'bench').filter(({ path }) => !/^[a-z0-9/-]+(?:\.test|\.config)?\.ts$/.test(path)).map(({ path }) => `${path} is not in kebab-case.`)
  expect(complaints).toEqual([])
})

it('every room that computes has tests', () => {
  const tested = new Set(sources('test').filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path.split('/')[1]))
  const untested = [...new Set(sources('src', 'services').map(({ path }) => roomOf(path)))].filter((room) => !tested.has(room))
  expect(untested).toEqual([])
})
