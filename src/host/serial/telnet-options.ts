/** Numbers of telnet and its options: RFC 854, 855, 856 (binary), 857 (echo), 858 (suppress go ahead), 2217 (COM port control). */
export const telnet = { se: 240, nop: 241, dataMark: 242, break: 243, areYouThere: 246, goAhead: 249, sb: 250, will: 251, wont: 252, do: 253, dont: 254, iac: 255 } as const
export const options = { binary: 0, echo: 1, suppressGoAhead: 3, comPort: 44 } as const

/** RFC 2217 §3, as a client sends them; a server's have 100 more. */
export const comPort = {
  signature: 0, baudRate: 1, dataSize: 2, parity: 3, stopSize: 4, control: 5, lineState: 6, modemState: 7,
  suspend: 8, resume: 9, lineStateMask: 10, modemStateMask: 11, purge: 12,
} as const
/** What a server adds to a command. */
export const fromServer = 100

/** Values of SET-CONTROL, RFC 2217 §3. */
export const control = {
  flowAsk: 0, flowNone: 1, flowXonXoff: 2, flowHardware: 3, breakAsk: 4, breakOn: 5, breakOff: 6, dtrAsk: 7, dtrOn: 8, dtrOff: 9,
  rtsAsk: 10, rtsOn: 11, rtsOff: 12, inboundAsk: 13, inboundNone: 14, flowDcd: 17, flowDsr: 19,
} as const
