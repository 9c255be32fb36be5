import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openArchive } from '../../shared/archive/open.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { Item } from '../../shared/tables/item.ts'
import { CHECK_NAMES } from '../../shared/restore/checks/checks.ts'
import type { Report } from '../../shared/restore/report/make-report.ts'
import { must } from '../../shared/values/must.ts'
import { memorySource } from '../archive/memory.ts'
import { DAMAGED_RESTORES } from './kinds/damaged-restores.ts'
import { RestoredStore } from './kinds/restored-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

let archive: Buffer
const runner = await startRunnerWithSample()
const store = new RestoredStore(runner)
beforeAll(async () => {
  archive = (await runner.export(['city', 'country', 'memo'])).archive
  await runner.wipe()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** Restores into the empty store, and damages it between the last write and the verification. */
const restoreThen = async (
  damage: (store: RestoredStore) => Promise<unknown>,
): Promise<{ job: RestoreJob; report: Report }> => {
  runner.beforeStage('plan-verify', async () => {
    await damage(store)
  })
  const job = await runner.restore(archive)
  const report = await runner.readReport(job)
  if (report === undefined) throw new Error(`job ${job.job_id} has no report: ${JSON.stringify(job.error)}`)
  return { job, report }
}

describe('verification', () => {
  it('passes a restore that was not disturbed, and reports how many items each check read', async () => {
    const { job, report } = await restoreThen(() => Promise.resolve())
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(report).toMatchObject({
      job_id: job.job_id,
      passed: true,
      strategy: 'overwrite',
      archive: { size: archive.length },
      models: {
        city: { loaded: 6, skipped: 0, total: 6, changed_since: 0 },
        country: { loaded: 2, skipped: 0, total: 2, changed_since: 0 },
        memo: { loaded: 2, skipped: 0, total: 2, changed_since: 0 },
      },
    })
    expect(Date.parse(report.started_at)).toBeLessThanOrEqual(Date.parse(report.ended_at))
    const checked = Object.fromEntries(CHECK_NAMES.map((check) => [check, report.checks[check].checked]))
    // 10 resources with 17 revisions and 3 blobs. References: the borders of two countries, and the countries of five
    // cities.
    expect(checked).toEqual({ counts: 27, content: 10, references: 7, blobs: 3, revisions: 17, search: 10 })
  })

  it.each(['chunk', 'index'] as const)(
    'does not fail if the %s of a model that is not restored is damaged, but says what is unknown',
    async (part) => {
      const { segments } = await openArchive(memorySource(archive))
      const country = must(segments.find(({ model }) => model === 'country'))
      const at = part === 'chunk' ? country.offset + 512 : country.index.offset
      const damaged = Buffer.from(archive)
      damaged[at] = must(damaged[at]) ^ 1
      const job = await runner.restore(damaged, { models: ['city'] })
      expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true, proved: true } } })
      const found = (await runner.readReport(job))?.checks.references.findings
      expect(found).toHaveLength(5)
      // City d refers to a country that the id hashes of the segment exclude.
      for (const { what } of found?.filter(({ resource_id }) => resource_id !== 'd') ?? [])
        expect(what).toMatch(/^reference country to country: cannot be found in the archive, because .* is corrupt: /)
    },
  )

  it('separately reports references that were already dangling in the archive', async () => {
    const { report } = await restoreThen(() => Promise.resolve())
    expect(report.checks.references).toMatchObject({
      passed: true,
      findings_total: 1,
      findings: [{ model: 'city', resource_id: 'd', expected: 'nowhere', what: /already dangling in the archive/ }].map(
        (finding) => ({ ...finding, what: expect.stringMatching(finding.what) as unknown }),
      ),
    })
  })
})

const matching = (text: string | RegExp): unknown => (typeof text === 'string' ? text : expect.stringMatching(text))

describe.each(DAMAGED_RESTORES)('$what', ({ damage, fails }) => {
  it('makes only the affected checks fail; each finding contains the resource, the expected value and the actual value', async () => {
    const { job, report } = await restoreThen(damage)
    const failed = CHECK_NAMES.filter((check) => fails[check] !== undefined)
    expect(CHECK_NAMES.filter((check) => !report.checks[check].passed)).toEqual(failed)
    for (const check of failed) {
      // Findings that already apply to the archive are not failures.
      const found = report.checks[check].findings.filter(({ what }) => !what.includes('already dangling'))
      const expected = (fails[check] ?? []).map(({ model = 'city', of, what, expected, actual }) => ({
        model,
        resource_id: of,
        what,
        expected: matching(expected),
        actual: matching(actual),
      }))
      expect(found).toHaveLength(expected.length)
      expect(found).toEqual(expect.arrayContaining(expected))
    }
    expect(report.passed).toBe(false)
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'verification-failed', status: 409, checks: failed },
      result: { verification: { passed: false } },
    })
  })
})

describe('a change by another writer after the restore', () => {
  const byAnotherWriter = (item: Item): Item =>
    Object.fromEntries(Object.entries(item).filter(([name]) => name !== 'applied_by'))

  it.each<[string, () => Promise<unknown>]>([
    [
      'an edit',
      async () =>
        store.putItems(byAnotherWriter({ ...(await store.metadata('c')), updated_by: { S: 'someone else' } })),
    ],
    [
      'a new revision',
      async () => {
        const one = await store.revision('c', 3)
        const sk = { S: (one['sk']?.S ?? '').replace('0000000003', '0000000004') }
        await store.putItems(
          byAnotherWriter({ ...one, revision_id: { S: 'c:4' }, sk }),
          byAnotherWriter({
            ...(await store.metadata('c')),
            current_revision_id: { S: 'c:4' },
            total_revision_count: { N: '4' },
          }),
        )
      },
    ],
    [
      'a new revision whose item does not exist yet',
      async () =>
        store.putItems(byAnotherWriter({ ...(await store.metadata('c')), current_revision_id: { S: 'c:4' } })),
    ],
    [
      'a modified revision',
      async () => store.putItems(byAnotherWriter({ ...(await store.revision('c', 3)), status: { S: 'draft' } })),
    ],
  ])('is counted as changed since, and is not a failure: %s', async (_what, write) => {
    const { job, report } = await restoreThen(write)
    expect(report.checks.content.findings).toEqual([])
    expect(report).toMatchObject({ passed: true, models: { city: { loaded: 6, changed_since: 1 } } })
    expect(job.status).toBe('succeeded')
  })
})
