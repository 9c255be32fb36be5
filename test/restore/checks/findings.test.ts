import { describe, expect, it } from 'vitest'
import { CHECK_NAMES } from '../../../shared/restore/checks/checks.ts'
import { Findings, MAX_FINDINGS } from '../../../shared/restore/checks/findings.ts'
import type { CheckResult, Finding } from '../../../shared/restore/messages/finding.ts'

const finding = (n: number): Finding => ({
  model: 'm',
  resource_id: `r${n}`,
  what: 'w',
  expected: 'e',
  actual: 'a',
})
const EMPTY: CheckResult = { passed: true, checked: 0, findings: [], findings_total: 0 }

describe('Findings', () => {
  it('passes every check before the first finding, in the order of the report', () => {
    expect(new Findings().results()).toEqual(Object.fromEntries(CHECK_NAMES.map((name) => [name, EMPTY])))
    expect(Object.keys(new Findings().results())).toEqual([...CHECK_NAMES])
  })

  it.each(CHECK_NAMES)('counts the findings of %s under its own name only', (name) => {
    const findings = new Findings()
    findings.of(name).addChecked(1)
    findings.of(name).addChecked(3)
    findings.of(name).fail(finding(1))
    expect(findings.results()).toEqual({
      ...new Findings().results(),
      [name]: { passed: false, checked: 4, findings: [finding(1)], findings_total: 1 },
    })
  })

  it('passes a check whose findings are all reported separately', () => {
    const findings = new Findings()
    findings.of('search').reportSeparately(finding(1))
    expect(findings.results().search).toEqual({ passed: true, checked: 0, findings: [finding(1)], findings_total: 1 })
    findings.of('search').fail(finding(2))
    findings.of('search').reportSeparately(finding(3))
    expect(findings.results().search).toEqual({
      passed: false,
      checked: 0,
      findings: [1, 2, 3].map(finding),
      findings_total: 3,
    })
  })

  it('counts all findings and keeps the first thousand', () => {
    const findings = new Findings()
    for (let n = 0; n < MAX_FINDINGS + 2; n++) findings.of('content').fail(finding(n))
    const { content } = findings.results()
    expect(content.findings_total).toBe(1_002)
    expect(content.findings).toEqual(Array.from({ length: 1_000 }, (_, n) => finding(n)))
  })

  it('adds the results of two passes, and fails a check that failed in one of them', () => {
    const one = new Findings()
    const other = new Findings()
    one.of('counts').addChecked(2)
    one.of('counts').reportSeparately(finding(1))
    other.of('counts').addChecked(3)
    other.of('counts').fail(finding(2))
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
    expect(both.results().blobs).toEqual(EMPTY)
  })

  it('keeps the first thousand findings of many passes, and counts the rest', () => {
    const pass = new Findings()
    for (let n = 0; n < 400; n++) pass.of('blobs').fail(finding(n))
    const all = new Findings()
    for (let k = 0; k < 4; k++) all.merge(pass.results())
    const { blobs } = all.results()
    expect(blobs.findings_total).toBe(1_600)
    expect(blobs.findings).toEqual(Array.from({ length: 1_000 }, (_, n) => finding(n % 400)))
    all.merge({ ...pass.results(), blobs: { passed: false, checked: 0, findings: [], findings_total: 7 } })
    expect(all.results().blobs.findings_total).toBe(1_607)
  })
})
