import type { ComponentChildren, VNode } from 'preact'
import type { Loaded } from '../api/use-api.ts'
import { ProblemBox } from './problem.tsx'

interface SectionProps {
  readonly title: string
  readonly action?: ComponentChildren
  readonly children: ComponentChildren
}

export const Section = ({ title, action, children }: SectionProps): VNode => (
  <section class="panel" aria-label={title}>
    <div class="panel-head">
      <h2>{title}</h2>
      {action}
    </div>
    {children}
  </section>
)

interface WhenLoadedProps<Data> {
  readonly loaded: Loaded<Data>
  /** Is shown if the deployment does not have the route. */
  readonly missing?: ComponentChildren
  readonly children: (data: Data) => ComponentChildren
}

/** Shows an answer, or why there is none. If a later request fails, the last answer remains, with the problem. */
export const WhenLoaded = <Data,>({ loaded, missing, children }: WhenLoadedProps<Data>): VNode => {
  const { data, problem, isMissing } = loaded
  if (isMissing) return <>{missing ?? <p class="empty">This deployment does not have this route.</p>}</>
  return (
    <>
      {problem !== undefined && <ProblemBox problem={problem} />}
      {data !== undefined && children(data)}
      {data === undefined && problem === undefined && (
        <p class="empty" aria-busy="true">
          Loading…
        </p>
      )}
    </>
  )
}
