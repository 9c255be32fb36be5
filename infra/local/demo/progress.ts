import process from 'node:process'
import { SingleBar } from 'cli-progress'

/** Shows the progress of a step. */
interface Progress {
  /** Shows that `done` of `total` units of the phase are done. A `total` of 0 means that the total is unknown. */
  update(phase: string, done: number, total: number): void
  end(): void
}

/** The time between two lines of the same phase. */
const LINE_EVERY_MS = 3_000

/** Returns a progress bar if stdout is a terminal. Otherwise, returns a `Progress` that prints lines. */
export const showProgress = (): Progress => (process.stdout.isTTY ? barProgress() : lineProgress())

const barProgress = (): Progress => {
  const bar = new SingleBar({
    format: '  {bar} {phase}: {value}{of}, {duration} s',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    hideCursor: true,
  })
  let started = false
  return {
    update(phase, done, total) {
      const payload = { phase, of: total === 0 ? '' : ` of ${total}` }
      if (!started) bar.start(total, done, payload)
      started = true
      bar.setTotal(Math.max(total, 1))
      bar.update(done, payload)
    },
    end() {
      if (started) bar.stop()
    },
  }
}

const lineProgress = (): Progress => {
  let lastPhase = ''
  let lastAt = 0
  const start = performance.now()
  return {
    update(phase, done, total) {
      const now = performance.now()
      const isNewPhase = phase !== lastPhase
      if (!isNewPhase && now - lastAt < LINE_EVERY_MS) return
      lastPhase = phase
      lastAt = now
      const seconds = ((now - start) / 1000).toFixed(0)
      const count = isNewPhase
        ? ''
        : `: ${done.toLocaleString('en')}${total === 0 ? '' : ` of ${total.toLocaleString('en')}`}`
      console.log(`  ${seconds} s  ${phase}${count}`)
    },
    end() {
      lastPhase = ''
    },
  }
}
