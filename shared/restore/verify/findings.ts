import { must } from '../../values/must.ts'

/** One thing that a check found: where, what, what the archive says and what the store has. */
export interface Finding {
  readonly model: string
  readonly resource_id: string
  readonly what: string
  readonly expected: string
  readonly actual: string
}

export const CHECKS = ['counts', 'content', 'references', 'blobs', 'revisions', 'search'] as const
export type Check = (typeof CHECKS)[number]

/** A check over one run, or over a whole restore. */
export interface CheckResult {
  /** False where a finding is of the restore's doing; what was so in the archive already is told apart and does not count. */
  readonly passed: boolean
  readonly checked: number
  readonly findings: readonly Finding[]
  readonly findings_total: number
}

/** The report shows this many of each check. */
export const KEPT_FINDINGS = 1_000

/** Collects what the checks find. */
export class Findings {
  readonly #checks = new Map<Check, { passed: boolean; checked: number; findings: Finding[]; total: number }>(
    CHECKS.map((check) => [check, { passed: true, checked: 0, findings: [], total: 0 }]),
  )

  checked(check: Check, count = 1): void {
    this.#of(check).checked += count
  }

  /** A difference that the restore is answerable for. */
  fail(check: Check, finding: Finding): void {
    this.#of(check).passed = false
    this.#note(check, finding)
  }

  /** What was already so in the archive. */
  reportSeparately(check: Check, finding: Finding): void {
    this.#note(check, finding)
  }

  /** ResourceFilter over what another run has found. */
  merge(results: Readonly<Record<Check, CheckResult>>): void {
    for (const check of CHECKS) {
      const own = this.#of(check)
      const { passed, checked, findings, findings_total } = results[check]
      own.passed &&= passed
      own.checked += checked
      own.total += findings_total
      own.findings.push(...findings.slice(0, KEPT_FINDINGS - own.findings.length))
    }
  }

  results(): Record<Check, CheckResult> {
    const result = (check: Check): CheckResult => {
      const { passed, checked, findings, total } = this.#of(check)
      return { passed, checked, findings, findings_total: total }
    }
    return {
      counts: result('counts'),
      content: result('content'),
      references: result('references'),
      blobs: result('blobs'),
      revisions: result('revisions'),
      search: result('search'),
    }
  }

  #note(check: Check, finding: Finding): void {
    const own = this.#of(check)
    own.total += 1
    if (own.findings.length < KEPT_FINDINGS) own.findings.push(finding)
  }

  #of(check: Check): { passed: boolean; checked: number; findings: Finding[]; total: number } {
    return must(this.#checks.get(check))
  }
}
