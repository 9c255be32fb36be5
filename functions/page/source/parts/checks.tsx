import type { VNode } from 'preact'
import type { Check, Finding } from '../api/schemas.ts'
import { count, plural } from '../model/format.ts'
import { Badge } from './status.tsx'

/** The checks of a verification, with their findings. */
export const Checks = ({ checks }: { readonly checks: Readonly<Record<string, Check>> }): VNode => (
  <ul class="checks">
    {Object.entries(checks).map(([name, check]) => (
      <li key={name}>
        <div class="check-head">
          <Outcome check={check} />
          <b>{name}</b>
          <span class="muted">
            {count(check.checked)} checked
            {check.findings_total > 0 && ` · ${plural(check.findings_total, 'finding')}`}
          </span>
        </div>
        {check.findings.length > 0 && <Findings findings={check.findings} total={check.findings_total} label={name} />}
      </li>
    ))}
  </ul>
)

const Outcome = ({ check: { passed, checked, findings_total } }: { readonly check: Check }): VNode => {
  if (!passed) return <Badge tone="bad" text="failed" />
  if (checked === 0 && findings_total === 0) return <Badge tone="idle" text="nothing to check" />
  return <Badge tone="good" text="passed" />
}

interface FindingsProps {
  readonly findings: readonly Finding[]
  readonly total: number
  readonly label: string
}

const SHOWN = 100

/** The findings of a check, a verification or a comparison. Only the last two compare with the store. */
export const Findings = ({ findings, total, label }: FindingsProps): VNode => (
  <div class="scroll" role="group" aria-label={`Findings: ${label}`} tabIndex={0}>
    <table class="rows compact">
      <thead>
        <tr>
          <th scope="col">Resource</th>
          <th scope="col">What</th>
          <th scope="col">Expected</th>
          <th scope="col">Found</th>
        </tr>
      </thead>
      <tbody>
        {findings.slice(0, SHOWN).map(({ model, resource_id, what, expected, actual }, index) => (
          <tr key={index}>
            <th scope="row">
              <code>{[model, resource_id].filter((text) => text !== undefined && text !== '').join(' / ')}</code>
            </th>
            <td data-label="What">{what}</td>
            <td data-label="Expected" class="value-cell">
              {expected}
            </td>
            <td data-label="Found" class="value-cell">
              {actual}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
    {total > Math.min(SHOWN, findings.length) && (
      <p class="muted">
        The first {Math.min(SHOWN, findings.length)} of {count(total)} findings.
      </p>
    )}
  </div>
)
