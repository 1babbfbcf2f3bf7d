/** Ctrl-C, `kill` and a closed terminal: the first asks to stop, the second does not ask. */

export interface SignalHold {
  release(): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function stopOnSignals(stop: () => void): SignalHold {
  let asked = false
  const hear = (signal: NodeJS.Signals): void => {
    // 128 + the signal's number, as a shell would say it; `exit` handlers give the terminal back.
    if (asked) process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGHUP' ? 129 : 143)
    asked = true
    stop()
  }
  for (const signal of signals) process.on(signal, hear)
  return {
    release: () => {
      for (const signal of signals) process.off(signal, hear)
    },
  }
}
