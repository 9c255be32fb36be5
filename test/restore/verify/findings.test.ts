import { describe, expect, it } from 'vitest'
import {
  type CheckResult,
  CHECKS,
  type Finding,
  Findings,
  KEPT_FINDINGS,
} from '../../../shared/restore/verify/findings.ts'

const finding = (n: number): Finding => ({
  model: 'm',
  resource_id: `r${n}`,
  what: 'w',
  expected: 'e',
  actual: 'a',
})
const untouched: CheckResult = { passed: true, checked: 0, findings: [], findings_total: 0 }

describe('the findings of a check', () => {
  it('are none before something is found', () => {
    expect(new Findings().results()).toEqual(Object.fromEntries(CHECKS.map((check) => [check, untouched])))
    expect(Object.keys(new Findings().results())).toEqual([...CHECKS])
  })

  it.each(CHECKS)('of %s stand under its name alone', (check) => {
    const findings = new Findings()
    findings.checked(check)
    findings.checked(check, 3)
    findings.fail(check, finding(1))
    expect(findings.results()).toEqual({
      ...new Findings().results(),
      [check]: { passed: false, checked: 4, findings: [finding(1)], findings_total: 1 },
    })
  })

  it('do not count against the restore where the archive had them already', () => {
    const findings = new Findings()
    findings.reportSeparately('search', finding(1))
    expect(findings.results().search).toEqual({ passed: true, checked: 0, findings: [finding(1)], findings_total: 1 })
    findings.fail('search', finding(2))
    findings.reportSeparately('search', finding(3))
    expect(findings.results().search).toEqual({
      passed: false,
      checked: 0,
      findings: [1, 2, 3].map(finding),
      findings_total: 3,
    })
  })

  it('are all counted, and the first thousand kept', () => {
    const findings = new Findings()
    for (let n = 0; n < KEPT_FINDINGS + 2; n++) findings.fail('content', finding(n))
    const { content } = findings.results()
    expect(content.findings_total).toBe(1_002)
    expect(content.findings).toEqual(Array.from({ length: 1_000 }, (_, n) => finding(n)))
  })

  it('of two runs are taken together, and one that failed makes both fail', () => {
    const one = new Findings()
    const other = new Findings()
    one.checked('counts', 2)
    one.reportSeparately('counts', finding(1))
    other.checked('counts', 3)
    other.fail('counts', finding(2))
    const both = new Findings()
    both.merge(one.results())
    expect(both.results()).toEqual(one.results())
    both.merge(other.results())
    expect(both.results().counts).toEqual({
      passed: false,
      checked: 5,
      findings: [finding(1), finding(2)],
      findings_total: 2,
    })
    both.merge(one.results())
    expect(both.results().counts.passed).toBe(false)
    expect(both.results().blobs).toEqual(untouched)
  })

  it('of many runs are no more than a thousand, and count the rest', () => {
    const run = new Findings()
    for (let n = 0; n < 400; n++) run.fail('blobs', finding(n))
    const all = new Findings()
    for (let k = 0; k < 4; k++) all.merge(run.results())
    const { blobs } = all.results()
    expect(blobs.findings_total).toBe(1_600)
    expect(blobs.findings).toEqual(Array.from({ length: 1_000 }, (_, n) => finding(n % 400)))
    all.merge({ ...run.results(), blobs: { passed: false, checked: 0, findings: [], findings_total: 7 } })
    expect(all.results().blobs.findings_total).toBe(1_607)
  })
})
