import { expect, it } from 'vitest'
import { concat, hex } from '../../src/base/bytes.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { capture } from '../../src/link/capture.ts'
import type { Frame } from '../../src/link/port.ts'
import { Recorder } from '../../src/link/recorder.ts'
import { packetFlags } from '../../src/wire/pcapng-blocks.ts'
import * as pcapng from '../../src/wire/pcapng.ts'
import { ether, Mouth, until } from './ears.ts'

it('records both ways through a port, under its name, before the frame goes on', () => {
  const parts: Uint8Array[] = []
  const recorder = new Recorder({ append: (bytes) => parts.push(bytes.slice()) })
  const time = new Timeline()
  const mouth = new Mouth('node1:eth0')
  const port = capture(mouth, recorder, time)
  const heard: Frame[] = []
  const [out, back] = [ether('01', '02'), ether('02', '01')]
  port.listen({
    receive: (frame) => {
      heard.push(frame)
      frame.bytes.fill(0)
    },
  })
  const bytes = [hex(out.bytes), hex(back.bytes)]
  time.run(until(10))
  port.send(out)
  time.run(until(20))
  mouth.speak(back)
  port.listen(undefined)
  mouth.speak(ether('02', '01'))
  recorder.close()
  const file = pcapng.parse(concat(...parts))
  expect(file.interfaces).toEqual([{ name: 'node1:eth0', linkType: 1 }])
  expect(file.packets.map((packet) => [packet.time, packet.flags, hex(packet.bytes)])).toEqual([[10, packetFlags.out, bytes[0]], [20, packetFlags.in, bytes[1]]])
  expect(mouth.sent[0]).toBe(out)
  expect(heard[0]).toBe(back)
  expect([port.name, port.medium, port.frameMax]).toEqual(['node1:eth0', 'ethernet', 1514])
})
