import { describe, expect, it } from 'vitest'
import { fromUtf8, latin1, utf8 } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import * as syslog from '../../src/wire/syslog.ts'

const none = { time: '', host: '', app: '', process: '', id: '', structured: '' }

describe('syslog.parse', () => {
  it.each<[string, Partial<syslog.Message>]>([
    ["<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed", { form: 'rfc5424', facility: 4, severity: 2, time: '2003-10-11T22:14:15.003Z', host: 'mymachine.example.com', app: 'su', process: '', id: 'ID47', structured: '', text: "'su root' failed" }],
    ['<165>1 2003-10-11T22:14:15.003Z h app 12 ID [a@1 k="v\\]" x="\\""][b@1] text', { form: 'rfc5424', structured: '[a@1 k="v\\]" x="\\""][b@1]', text: 'text' }],
    ['<165>1 - - - - - -', { form: 'rfc5424', ...none, text: '' }],
    ["<34>Oct 11 22:14:15 mymachine su: 'su root' failed", { form: 'rfc3164', facility: 4, severity: 2, time: 'Oct 11 22:14:15', host: 'mymachine', app: 'su', text: "'su root' failed" }],
    ['<30>Jan  1 00:00:07 udhcpc[42]: lease obtained\n', { form: 'rfc3164', facility: 3, severity: 6, host: '', app: 'udhcpc', process: '42', text: 'lease obtained' }],
    ['<13>root: hello', { form: 'bare', app: 'root', text: 'hello' }],
    ['<13>hello', { form: 'bare', ...none, text: 'hello' }],
    ['hello\0\r\n', { form: 'bare', facility: 1, severity: 5, text: 'hello' }],
    ['<192>x', { form: 'bare', facility: 1, severity: 5, text: '<192>x' }],
    ['<13>1 - - [', { form: 'bare', text: '1 - - [' }],
    ['<13>1 - h a p i [never', { form: 'bare', text: '1 - h a p i [never' }],
  ])('reads %j', (text, expected) => {
    expect(syslog.parse(utf8(text))).toMatchObject(expected)
  })

  it('calls an empty message malformed', () => {
    expect(() => syslog.parse(utf8(''))).toThrow(Malformed)
    expect(() => syslog.parse(utf8('\0\n'))).toThrow(Malformed)
  })
})

describe('syslog.build and syslog.format', () => {
  it('write what parse reads', () => {
    const text = '<165>1 2003-10-11T22:14:15.003Z h app 12 ID [a@1 k="v"] text'
    expect(fromUtf8(syslog.build(syslog.parse(utf8(text))))).toBe(text)
    expect(fromUtf8(syslog.build(syslog.parse(utf8('<13>root: hello'))))).toBe('<13>1 - - root - - - hello')
  })

  it('show one line in which a stranger’s text steers nothing', () => {
    expect(syslog.format(syslog.parse(utf8('<30>Jan  1 00:00:07 node1 udhcpc[42]: lease obtained')))).toBe('syslog daemon.info node1 udhcpc[42]: lease obtained')
    expect(syslog.format(syslog.parse(latin1('<0>\u001b[2Jboo')))).toBe('syslog kern.emerg: ?[2Jboo')
  })
})
