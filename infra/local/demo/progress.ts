import { SingleBar } from 'cli-progress'

/** Shows how far a step is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** `total` 0: not known. */
  update(phase: string, done: number, total: number): void
  end(): void
}

/** A line every so often is enough for a log. */
const LINE_EVERY_MS = 3_000

export const showProgress = (): Progress => (process.stdout.isTTY ? barProgress() : lineProgress())

const barProgress = (): Progress => {
  const bar = new SingleBar({
    format: '  {bar} {phase} {value}{of}, {duration} s',
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
  const began = performance.now()
  return {
    update(phase, done, total) {
      const now = performance.now()
      if (phase === lastPhase && now - lastAt < LINE_EVERY_MS) return
      lastPhase = phase
      lastAt = now
      const seconds = ((now - began) / 1000).toFixed(0)
      console.log(`  ${seconds} s: ${phase} ${done}${total === 0 ? '' : ` of ${total}`}`)
    },
    end() {
      lastPhase = ''
    },
  }
}
