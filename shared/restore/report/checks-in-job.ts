import type { CheckResult } from '../messages/finding.ts'

/** The largest number of findings of each check in the result of a job. The report contains more findings. */
const MAX_FINDINGS_IN_JOB = 10

/** Returns checks with the findings that fit into the item of a job. */
export const checksInJob = (checks: Readonly<Record<string, CheckResult>>): Record<string, CheckResult> =>
  Object.fromEntries(
    Object.entries(checks).map(([name, check]) => [
      name,
      { ...check, findings: check.findings.slice(0, MAX_FINDINGS_IN_JOB) },
    ]),
  )
