import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Job } from '../../../functions/cli/client/job.ts'
import { jobText } from '../../../functions/cli/terminal/job-text.ts'
import { Output } from '../../../functions/cli/terminal/output.ts'

const output = new Output({ stdout: new PassThrough(), stderr: new PassThrough(), env: {} }, { json: false })
const JOB = {
  ...{ job_id: 'a', kind: 'restore', status: 'succeeded', source: 'api', requested_by: 'a' },
  created_at: '2026-01-01T00:00:00.000Z',
}
const textOf = (result: object, request: object = {}): string => jobText(output, Job.parse({ ...JOB, request, result }))

const check = (checked: number) => ({ passed: true, checked, findings: [], findings_total: 0 })
const verification = (checked: number) => ({
  passed: true,
  proved: checked > 0,
  checks: { content: check(checked), blobs: check(0) },
})
const counts = (loaded: number, skipped: number) => ({ loaded, skipped, total: loaded + skipped })

const ADVICE = 'To compare them with the archive, run: specstar-backup diff ARCHIVE --live'

describe('the text of a restore', () => {
  it('states that nothing was checked if all resources were skipped', () => {
    const text = textOf({ models: { city: counts(0, 4), country: counts(0, 1) }, verification: verification(0) })
    expect(text).toContain('Nothing was checked: the restore has skipped every selected resource (5)')
    expect(text).toContain(`\n${ADVICE}`)
    expect(text).not.toContain('Not checked')
    expect(text).toMatch(/^content +nothing to check +0 +0$/m)
    expect(text).not.toContain('passed')
  })

  it('names the skipped resources if others were checked', () => {
    const text = textOf({ ...counts(4, 1), verification: verification(4) }, { models: ['city'] })
    expect(text).toContain('Every check of what was restored has passed\n')
    expect(text).not.toContain('Proved')
    expect(text).toContain(`Not checked: 1 skipped resource and blobs to which only skipped resources refer. ${ADVICE}`)
    expect(text).toMatch(/^content +passed +4 +0$/m)
    expect(text).toMatch(/^blobs +nothing to check +0 +0$/m)
  })

  it('names the blobs that were kept with other bytes, and does not claim a proof', () => {
    const kept = (count: number) => ({ blob_conflicts: { count, ids: ['flag'] } })
    const text = textOf({ models: { city: counts(4, 0) }, verification: verification(4), ...kept(1) })
    expect(text).toContain('Every check of what was restored has passed\n')
    expect(text).not.toContain('Proved')
    expect(text).toContain(`Not checked: 1 kept blob. ${ADVICE}`)
    const both = textOf({ models: { city: counts(4, 2) }, verification: verification(4), ...kept(3) })
    expect(both).toContain(
      `Not checked: 2 skipped resources, blobs to which only skipped resources refer, and 3 kept blobs. ${ADVICE}`,
    )
    const onlyBlob = textOf({ models: { city: counts(0, 0) }, verification: verification(0), ...kept(1) })
    expect(onlyBlob).toContain('Nothing was checked')
    expect(onlyBlob).toContain(`Not checked: 1 kept blob. ${ADVICE}`)
  })

  it.each([
    ['left_out', { count: 1, resources: [{ model: 'city', resource_id: 'x', reason: 'r' }] }],
    ['missing_blobs', { count: 1, ids: ['flag'] }],
  ])('does not claim a proof if the result lists %s', (name, listed) => {
    const result = { models: { city: counts(4, 0) }, verification: verification(4) }
    expect(textOf({ ...result, [name]: listed })).toContain('Every check of what was restored has passed\n')
    expect(textOf({ ...result, [name]: { ...listed, count: 0 } })).toContain('Proved: every check has passed\n')
  })

  it('says nothing about skipped resources if there are none', () => {
    const text = textOf({ models: { city: counts(0, 0) }, verification: verification(0) })
    expect(text).toContain('Nothing was checked: the restore has selected no resources')
    expect(text).not.toContain('Not checked')
    const changed = textOf({ models: { city: counts(1, 0) }, verification: verification(0) })
    expect(changed).toContain('Nothing was checked\n')
  })

  it('calls an empty archive intact after a check', () => {
    const checks = { content: check(0) }
    expect(
      textOf({ models: { city: { resources: 0, revisions: 0 } }, verification: { passed: true, checks } }),
    ).toContain('Intact: every check has passed')
  })

  it('names the blobs that a dry run does not compare', () => {
    const dryRun = { models: { city: { new: 0, changed: 1, same: 2, target_only: 0 } }, blobs: { new: 0, same: 0 } }
    expect(textOf(dryRun, { dry_run: true, on_duplicate: 'skip' })).toContain(
      'Not compared: blobs to which only the 3 existing resources refer, because a restore with skip does not write these blobs',
    )
    expect(textOf(dryRun, { dry_run: true, on_duplicate: 'overwrite' })).not.toContain('Not compared')
    const none = { ...dryRun, models: { city: { new: 3, changed: 0, same: 0, target_only: 0 } } }
    expect(textOf(none, { dry_run: true, on_duplicate: 'skip' })).not.toContain('Not compared')
  })
})

describe('the text of an empty export', () => {
  const EMPTY = {
    archive: { bucket: 'archives', key: 'a.acbak', size: 3584 },
    models: { city: { resources: 0, revisions: 0, blobs: 0 } },
    complete: true,
  }
  const GENERAL = 'The archive contains no resources: the exported models are empty, or no resource matches the filters'

  it('states the general reasons if the result has no reason', () => {
    expect(textOf(EMPTY)).toContain(GENERAL)
    expect(textOf({ ...EMPTY, not_found: { count: 0, ids: [] } })).toContain(GENERAL)
  })

  it.each([
    [{ not_found: { count: 1, ids: ['x'] } }, '1 id that was not found'],
    [{ excluded: { count: 1, ids: ['x'] } }, '1 id that the filters exclude'],
    [
      { left_out: { count: 1, resources: [{ model: 'city', resource_id: 'x', reason: 'r' }] } },
      '1 resource that was left out',
    ],
  ])('states no general reason beside the exact one: %j', (result, reason) => {
    const text = textOf({ ...EMPTY, ...result })
    expect(text).toContain('The archive contains no resources\n')
    expect(text).toContain(reason)
  })
})
