import { MultiBar } from 'cli-progress'
import type { Job } from '../client/job.ts'
import type { Io } from './io.ts'
import type { Output } from './output.ts'
import { barsOf, type PhaseBar, rateText } from './phase-bars.ts'
import { forTerminal, printable } from './printable.ts'
import { durationText } from './units.ts'

/** Shows the progress of a job while the command waits for its end. */
export interface JobProgress {
  update(job: Job): void
  /** Removes everything that changes, so that other text can be written. The next update shows it again. */
  pause(): void
}

/**
 * Returns bars if stderr is a terminal. Otherwise, returns a `JobProgress` that writes lines, or nothing with `--json`.
 */
export const jobProgress = (io: Io, output: Output): JobProgress => {
  if (output.isAnimated) return new AnimatedProgress(io, output)
  return output.json ? { update: () => undefined, pause: () => undefined } : new LineProgress(output)
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100
/** The time between two lines of the same phase. */
const LINE_EVERY_MS = 30_000

/** The phase of a job that is being observed. */
class ObservedPhase {
  #name = ''
  #began = 0
  #done: ReadonlyMap<string, number> = new Map()

  /** Returns true if another phase has begun. */
  observe(job: Job, now: number): boolean {
    const name = `${job.status} ${job.phase ?? ''}`
    if (name === this.#name) return false
    this.#name = name
    this.#began = now
    this.#done = new Map(barsOf(job).map((bar) => [bar.name, bar.done]))
    return true
  }

  amountsOf(bar: PhaseBar, now: number): string {
    const rate = rateText(bar, { seconds: (now - this.#began) / 1000, from: this.#done.get(bar.name) ?? 0 })
    return rate.endsWith(' left') ? `${rate} in this phase` : rate
  }
}

/** A spinner with the state of the job, and a bar for each count whose total is known. */
class AnimatedProgress implements JobProgress {
  readonly #io: Io
  readonly #output: Output
  #shown: Shown | undefined
  #job: Job | undefined
  readonly #phase = new ObservedPhase()
  #frame = 0

  constructor(io: Io, output: Output) {
    this.#io = io
    this.#output = output
  }

  update(job: Job): void {
    const now = performance.now()
    if (this.#phase.observe(job, now)) this.pause()
    this.#job = job
    const bars = barsOf(job)
    if (this.#shown?.bars.length !== bars.length) {
      this.pause()
      this.#shown = this.#show(bars, now)
    }
    for (const [index, bar] of bars.entries()) {
      this.#shown.bars[index]?.setTotal(bar.total)
      this.#shown.bars[index]?.update(Math.min(bar.done, bar.total), this.#barPayload(bar, now))
    }
    this.#spin()
  }

  pause(): void {
    if (this.#shown === undefined) return
    clearInterval(this.#shown.timer)
    this.#shown.multi.stop()
    this.#shown = undefined
  }

  #show(bars: readonly PhaseBar[], now: number): Shown {
    const multi = new MultiBar({
      stream: this.#io.stderr,
      format: '  {name} {bar} {percentage}%  {amounts}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      fps: 10,
    })
    const spinner = multi.create(1, 0, { text: '' }, { format: '{text}' })
    const shown = bars.map((bar) => multi.create(bar.total, 0, this.#barPayload(bar, now)))
    const timer = setInterval(() => {
      this.#frame += 1
      this.#spin()
    }, FRAME_MS)
    timer.unref()
    return { multi, spinner, bars: shown, timer }
  }

  #spin(): void {
    if (this.#job === undefined) return
    const frame = this.#output.styleNote('cyan', FRAMES[this.#frame % FRAMES.length] ?? '')
    this.#shown?.spinner.update(0, { text: forTerminal(`${frame} ${stateText(this.#job, this.#output)}`) })
  }

  #barPayload(bar: PhaseBar, now: number): object {
    return { name: bar.name.padEnd(NAME_WIDTH), amounts: this.#phase.amountsOf(bar, now) }
  }
}

interface Shown {
  readonly multi: MultiBar
  readonly spinner: ReturnType<MultiBar['create']>
  readonly bars: readonly ReturnType<MultiBar['create']>[]
  readonly timer: NodeJS.Timeout
}

/** The length of the longest name of a bar. */
const NAME_WIDTH = 'resources'.length

/** Writes a line when the phase changes, and sometimes during a long phase. */
class LineProgress implements JobProgress {
  readonly #output: Output
  readonly #phase = new ObservedPhase()
  #lastAt = 0

  constructor(output: Output) {
    this.#output = output
  }

  update(job: Job): void {
    const now = performance.now()
    const isNew = this.#phase.observe(job, now)
    if (!isNew && now - this.#lastAt < LINE_EVERY_MS) return
    this.#lastAt = now
    const amounts = isNew ? [] : barsOf(job).map((bar) => `${bar.name} ${this.#phase.amountsOf(bar, now)}`)
    this.#output.note([stateText(job, this.#output), ...amounts].join('; '))
  }

  pause(): void {
    // Lines stay.
  }
}

const stateText = (job: Job, output: Output): string => {
  const { job_id, kind, status, phase, started_at, throttled = [] } = job
  const seconds = started_at === undefined ? undefined : (Date.now() - Date.parse(started_at)) / 1000
  const state = status === 'running' && phase !== undefined ? phase : status.replaceAll('_', ' ')
  const time = seconds === undefined || seconds < 1 || !output.isAnimated ? '' : ` for ${durationText(seconds)}`
  const limits = throttled.map(({ by, operation }) => `${by} (${operation})`)
  const warning = limits.length === 0 ? '' : output.styleNote('yellow', `, throttled by ${limits.join(', ')}`)
  return `${printable(`${kind} ${job_id}: ${state}`)}${time}${warning}`
}
