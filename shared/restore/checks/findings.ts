import { must } from '../../values/must.ts'
import type { Finding } from '../messages/finding.ts'
import type { CheckFindings } from './check.ts'
import { CHECK_NAMES, type CheckName, CheckResults } from './checks.ts'

/**
 * The largest number of findings that the report lists per check. The limit keeps the report small enough for one JSON
 * document.
 */
export const MAX_FINDINGS = 1_000

/** Collects the findings of all checks. */
export class Findings {
  readonly #checks = new Map<CheckName, OneCheck>(CHECK_NAMES.map((name) => [name, new OneCheck()]))

  of(name: CheckName): CheckFindings {
    return this.#of(name)
  }

  /** Adds the results of a pass. */
  merge(results: CheckResults): void {
    for (const name of CHECK_NAMES) this.#of(name).merge(results[name])
  }

  /** Returns a function that removes what was added after this call. */
  mark(): () => void {
    const resets = [...this.#checks.values()].map((check) => check.mark())
    return () => {
      for (const reset of resets) reset()
    }
  }

  results(): CheckResults {
    return CheckResults.parse(Object.fromEntries(CHECK_NAMES.map((name) => [name, this.#of(name).result()])))
  }

  #of(name: CheckName): OneCheck {
    return must(this.#checks.get(name))
  }
}

class OneCheck implements CheckFindings {
  readonly #findings: Finding[] = []
  #passed = true
  #checked = 0
  #total = 0

  addChecked(count: number): void {
    this.#checked += count
  }

  fail(finding: Finding): void {
    this.#passed = false
    this.#add(finding)
  }

  reportSeparately(finding: Finding): void {
    this.#add(finding)
  }

  mark(): () => void {
    const [passed, checked, total, listed] = [this.#passed, this.#checked, this.#total, this.#findings.length]
    return () => {
      this.#passed = passed
      this.#checked = checked
      this.#total = total
      this.#findings.length = listed
    }
  }

  merge({ passed, checked, findings, findings_total }: CheckResults[CheckName]): void {
    this.#passed &&= passed
    this.#checked += checked
    this.#total += findings_total
    this.#findings.push(...findings.slice(0, MAX_FINDINGS - this.#findings.length))
  }

  result(): CheckResults[CheckName] {
    return {
      passed: this.#passed,
      checked: this.#checked,
      findings: this.#findings,
      findings_total: this.#total,
    }
  }

  #add(finding: Finding): void {
    this.#total += 1
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding)
  }
}
