import type { VNode } from 'preact'
import type { Problem } from '../api/schemas.ts'

/** Members that every problem has, or that are shown elsewhere. */
const COMMON = ['type', 'title', 'status', 'detail', 'instance', 'errors']

/** A problem document: what is wrong, and what to do next. */
export const ProblemBox = ({ problem, role }: { readonly problem: Problem; readonly role?: 'alert' }): VNode => {
  const details = Object.fromEntries(Object.entries(problem).filter(([name]) => !COMMON.includes(name)))
  return (
    <div class="problem" role={role}>
      <p class="problem-title">
        <span class="sign" aria-hidden="true">
          ✕
        </span>
        {problem.title} <code>{problem.type}</code>
      </p>
      <p class="wrap">{problem.detail}</p>
      {Object.keys(details).length > 0 && (
        <details>
          <summary>Details</summary>
          <pre tabIndex={0}>{JSON.stringify(details, undefined, 2)}</pre>
        </details>
      )}
    </div>
  )
}
