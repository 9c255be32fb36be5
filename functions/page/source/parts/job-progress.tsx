import type { VNode } from 'preact'
import type { Job } from '../api/schemas.ts'
import { bytes, count } from '../model/format.ts'
import { hasEnded, labelOf, shareDone, stepsOf } from '../model/phases.ts'

const WIDTH = 1000

/** A bar for the work of a running job. */
export const ProgressBar = ({ job }: { readonly job: Job }): VNode => {
  const share = shareDone(job)
  const label = job.phase === undefined ? job.status : labelOf(job.phase)
  return (
    <progress class="bar" max={WIDTH} value={Math.round(share * WIDTH)} aria-label={`Progress: ${label}`}>
      {Math.round(share * 100)} %
    </progress>
  )
}

/** The phases of a job: done, running and open. */
export const Steps = ({ job }: { readonly job: Job }): VNode | null => {
  const steps = stepsOf(job)
  if (steps.length === 0) return null
  return (
    <ol class="steps" aria-label="Phases">
      {steps.map(({ phase, label, state }) => (
        <li key={phase} class={state} aria-current={state === 'current' && !hasEnded(job) ? 'step' : undefined}>
          <span class="step-sign" aria-hidden="true">
            {state === 'done' ? '✓' : state === 'failed' ? '✕' : ''}
          </span>
          {label}
          <span class="hidden">{state === 'open' ? ' (not reached)' : ` (${state})`}</span>
        </li>
      ))}
    </ol>
  )
}

interface CountsProps {
  readonly counts: Readonly<Record<string, number>>
  readonly expected?: Readonly<Record<string, number>> | undefined
}

/** What the current phase has processed so far, and the counts that are expected at its end. */
export const Counts = ({ counts, expected = {} }: CountsProps): VNode => (
  <dl class="facts">
    {Object.entries(counts).map(([name, value]) => {
      const text = name === 'bytes' ? bytes : count
      const total = expected[name]
      return (
        <div key={name}>
          <dt>{name.replaceAll('_', ' ')}</dt>
          <dd>
            {text(value)}
            {total !== undefined && total >= value && <span class="muted"> of {text(total)}</span>}
          </dd>
        </div>
      )
    })}
  </dl>
)
