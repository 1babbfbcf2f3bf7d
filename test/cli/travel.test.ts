/** `netloom replay RUN --to MOMENT`, as it is typed. */
import { afterAll, expect, it } from 'vitest'
import { BenchFolder } from './bench-folder.ts'

const bench = new BenchFolder()
afterAll(() => bench.remove())

it('shows a kept run at a moment: who said what, registers and the code that comes next', async () => {
  await bench.call('up', bench.file('hello.yaml'), '--keep', bench.file('run'), '-q')
  const { code, out } = await bench.call('replay', bench.file('run'), '--to', 'console:hell')
  expect(code).toBe(0)
  expect(out).toMatch(/^a has just said "hell"\n\na at 0\.\d+s, running, \d+ instructions retired\n/)
  expect(out).toMatch(/\n=> 00000000800000\w\w {2}00158593 {2}addi a1,a1,1\n/)
  const told = JSON.parse((await bench.call('replay', bench.file('run'), '--to', 'console:hell', '--format', 'json')).out) as { machines: Record<string, { state: string; report: string }> }
  expect([Object.keys(told.machines), told.machines['a'].state, out.endsWith(told.machines['a'].report)]).toEqual([['a'], 'running', true])
})

it.each([
  [['--to', 'console:hullo'], 'no console says "hullo"'],
  [['--to', 'frame:1'], 'the run has no frame 1'],
  [['--to', '9s'], 'the run ended before'],
  [['--to', 'soon'], 'soon is no moment of a run'],
  [['--gdb', 'b'], 'there is no machine "b" to debug'],
  [['--gdb', 'a:99999'], 'expected a node and a port'],
  [['--to', '1us', '--keep', 'elsewhere'], 'is kept nowhere'],
])('refuses %j with a sentence', async (words, sentence) => {
  const { code, err } = await bench.call('replay', bench.file('run'), ...words)
  expect([code, err]).toEqual([2, expect.stringContaining(sentence)])
})
