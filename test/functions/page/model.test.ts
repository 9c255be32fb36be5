import { describe, expect, it } from 'vitest'
import type { Job } from '../../../functions/page/source/api/schemas.ts'
import { outcomeOf, scopeOf, startedBy, titleOf } from '../../../functions/page/source/model/describe-job.ts'
import { isEmpty, planOf, readablePath, sidesOf, valueText } from '../../../functions/page/source/model/differences.ts'
import { bytes, duration, plural, relative, shortId } from '../../../functions/page/source/model/format.ts'
import { exportBody, restoreRequest } from '../../../functions/page/source/model/forms.ts'
import { verdictOf } from '../../../functions/page/source/model/verdict.ts'
import { shareDone, stepsOf, storeAfterFailure } from '../../../functions/page/source/model/phases.ts'
import { hasAnotherEnded, pollMs } from '../../../functions/page/source/model/poll.ts'
import { jobHref, parseRoute, restoreHref } from '../../../functions/page/source/model/route.ts'
import { job } from './job.ts'

describe('formats', () => {
  it('shows sizes with three digits', () => {
    expect([0, 999, 1_000, 14_337_536, 999_999_999, 5e12, 9e15].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 KB',
      '14.3 MB',
      '1000 MB',
      '5.00 TB',
      '9000 TB',
    ])
  })

  it('shows durations in the units that matter', () => {
    expect([0.173, 42, 59.9, 200, 7_500, 180_000].map(duration)).toEqual([
      '0.2 s',
      '42 s',
      '1 min 0 s',
      '3 min 20 s',
      '2 h 5 min',
      '2 d 2 h',
    ])
  })

  it('shows times relative to now', () => {
    const now = Date.parse('2026-01-02T00:00:00Z')
    const times = ['2026-01-01T23:59:50Z', '2026-01-02T00:00:10Z', '2026-01-01T22:00:00Z', '2026-01-05T00:00:00Z']
    expect(times.map((time) => relative(time, now))).toEqual(['just now', 'in a moment', '2 hours ago', 'in 3 days'])
  })

  it('uses the singular for one', () => {
    expect([0, 1, 1_200].map((value) => plural(value, 'resource'))).toEqual([
      '0 resources',
      '1 resource',
      '1,200 resources',
    ])
  })

  it('shortens ids of requests, but not those of schedules', () => {
    expect(shortId('f6c930a7-2473-4cd3-b740-dbdbf7276118')).toBe('f6c930a7…')
    expect(shortId('s-nightly-20260105T030000Z')).toBe('s-nightly-20260105T030000Z')
  })
})

describe('the address', () => {
  it('selects a view, an id and parameters', () => {
    expect(parseRoute('')).toMatchObject({ view: 'overview' })
    expect(parseRoute('#/jobs/a%2Fb?tab=x')).toMatchObject({ view: 'jobs', id: 'a/b' })
    expect(parseRoute('#/jobs/a?tab=x').query.get('tab')).toBe('x')
    expect(parseRoute('#/jobs/%').id).toBe('%')
  })

  it('contains the whole location of an archive', () => {
    const { query, view } = parseRoute(restoreHref({ bucket: 'b', key: 'a/b c&d', version_id: 'v', job_id: 'j' }))
    expect([view, query.get('bucket'), query.get('key'), query.get('version_id'), query.get('job')]).toEqual([
      'restore',
      'b',
      'a/b c&d',
      'v',
      'j',
    ])
    expect(jobHref('a/b')).toBe('#/jobs/a%2Fb')
  })
})

describe('the phases of a job', () => {
  const states = (change: Partial<Job>): string[] => stepsOf(job(change)).map(({ phase, state }) => `${phase} ${state}`)

  it('are open, current or done', () => {
    expect(states({})).toEqual(['export-records open', 'export-blobs open', 'compose-parts open'])
    expect(states({ phase: 'export-blobs' })).toEqual([
      'export-records done',
      'export-blobs current',
      'compose-parts open',
    ])
    expect(states({ phase: 'announce', status: 'succeeded' }).every((state) => state.endsWith('done'))).toBe(true)
  })

  it('include those that only some jobs have', () => {
    expect(states({ kind: 'restore', phase: 'convert' })[0]).toBe('convert current')
    expect(states({ phase: 'account-items' }).at(-1)).toBe('account-items current')
    for (const change of [{ kind: 'restore', request: { dry_run: true } }, { kind: 'check' }])
      expect(states(change)).toEqual(['preflight open', 'preflight-blobs open'])
  })

  it('show where a job failed or was cancelled', () => {
    expect(states({ kind: 'restore', phase: 'verify', status: 'failed' }).at(-1)).toBe('verify failed')
    expect(states({ phase: 'export-records', status: 'cancelled' })[0]).toBe('export-records failed')
  })

  it('show whether a failed restore has written anything', () => {
    const failed = { kind: 'restore', status: 'failed' }
    const states = (change: Partial<Job>): string => storeAfterFailure(job({ ...failed, ...change }))
    expect(states({ phase: 'preflight-blobs' })).toContain('The store has not changed.')
    expect(states({})).toContain('The store has not changed.')
    expect(states({ phase: 'apply-blobs' })).toContain('Restore again to write the rest.')
    const error = { type: 'verification-failed', title: '', status: 409, detail: '' }
    expect(states({ phase: 'verify', error })).toContain('the store differs from the archive now')
    const request = { on_duplicate: 'raise_error' }
    expect(states({ phase: 'apply-records', request })).toMatch(/is complete\. .* replace or keep the resources/)
    const rollback = { phase: 'rollback', request, error: { ...error, type: 'conflict' } }
    expect(states({ ...rollback, rolled_back: true })).toMatch(/were removed again, .* replace or keep/)
    // A worker that dies stores no error, so the job has the conflict that caused the rollback.
    expect(states({ ...rollback, rolled_back: false })).toMatch(/had begun to remove .* may remain\./)
    expect(states(rollback)).toMatch(/^It is unknown whether .* may remain\. .* replace or keep/)
  })

  it('result in a share that never falls while workers finish', () => {
    const shares = [
      { phase: 'export-records', progress: { done: 0, total: 4 } },
      { phase: 'export-records', progress: { done: 4, total: 4 } },
      { phase: 'export-blobs', progress: { done: 0, total: 0 } },
      { phase: 'compose-parts', progress: { done: 1, total: 2 } },
      { phase: 'announce', status: 'succeeded' },
    ].map((change) => shareDone(job(change)))
    expect(shares).toEqual([0, 1 / 3, 1 / 3, 2.5 / 3, 1])
  })
})

describe('the verdict of a report', () => {
  const LISTED = { count: 1 }

  it('says that there was nothing to check only if the job states this', () => {
    expect(verdictOf('restore', true, {})).toMatchObject({ isProof: true })
    expect(verdictOf('restore', true, {}).text).toContain('Proved:')
    expect(verdictOf('restore', false, {})).toEqual({ text: 'Nothing was checked.', isGood: false, isProof: false })
    expect(verdictOf('restore', undefined, {}).text).toBe('Every check has passed.')
    expect(verdictOf('check', undefined, {})).toMatchObject({ isGood: true, isProof: false })
    expect(verdictOf('check', undefined, { missing_blobs: LISTED }).text).toContain('is sound')
  })

  it('says what was not checked if resources were skipped', () => {
    expect(verdictOf('restore', false, { models: { city: { skipped: 2 } } }).text).toBe(
      'Nothing was checked. The restore has skipped 2 resources.',
    )
    expect(verdictOf('restore', true, { skipped: 1 })).toEqual({
      text:
        'Every check of what was restored has passed. ' +
        'Not checked: 1 skipped resource and blobs to which only skipped resources refer.',
      isGood: false,
      isProof: false,
    })
  })

  it('says what was not checked if different blobs were kept', () => {
    expect(verdictOf('restore', true, { blob_conflicts: { count: 2 } })).toEqual({
      text: 'Every check of what was restored has passed. Not checked: 2 kept blobs.',
      isGood: false,
      isProof: false,
    })
    expect(verdictOf('restore', true, { skipped: 3, blob_conflicts: LISTED }).text).toContain(
      'Not checked: 3 skipped resources, blobs to which only skipped resources refer, and 1 kept blob.',
    )
    expect(verdictOf('restore', false, { blob_conflicts: LISTED }).text).toBe(
      'Nothing was checked. Not checked: 1 kept blob.',
    )
  })

  it.each(['left_out', 'missing_blobs'])('does not claim a proof if the result lists %s', (name) => {
    expect(verdictOf('restore', true, { [name]: LISTED })).toEqual({
      text: 'Every check of what was restored has passed.',
      isGood: false,
      isProof: false,
    })
  })
})

describe('the share of a phase', () => {
  it('follows the expected counts while no worker has finished', () => {
    const running = { phase: 'export-records', progress: { done: 0, total: 1 }, counts: { resources: 50 } }
    expect(shareDone(job({ ...running, expected: { resources: 100 } }))).toBeCloseTo(0.5 / 3)
    expect(shareDone(job({ ...running, expected: { resources: 10 } }))).toBeCloseTo(1 / 3)
    expect(shareDone(job({ ...running, expected: { resources: 0 } }))).toBe(0)
  })

  it('is the mean of counts that do not grow together', () => {
    const verify = { kind: 'restore', phase: 'verify', counts: { resources: 100, blobs: 5 } }
    expect(shareDone(job({ ...verify, expected: { resources: 100, blobs: 10 } }))).toBeCloseTo(4.75 / 5)
    expect(shareDone(job({ ...verify, expected: { resources: 200, blobs: 0 } }))).toBeCloseTo(4.5 / 5)
  })

  it('counts skipped resources, too', () => {
    const counts = { loaded: 20, skipped: 30 }
    const restore = { kind: 'restore', phase: 'apply-records', counts, expected: { resources: 100 } }
    expect(shareDone(job(restore))).toBeCloseTo(3.5 / 5)
  })
})

describe('the description of a job', () => {
  it('names its kind, its scope and who started it', () => {
    expect(titleOf(job({ kind: 'restore', request: { dry_run: true } }))).toBe('Dry run')
    expect(scopeOf(job({ request: { strict: true } }))).toBe('all models')
    expect(scopeOf(job({ request: { models: ['city'], ids: ['a'] } }))).toBe('city · ids')
    expect(scopeOf(job({ request: { models: ['a', 'b', 'c', 'd'] } }))).toBe('4 models')
    expect(startedBy(job({ source: 'schedule', requested_by: 'schedule:nightly' }))).toBe('schedule nightly')
    expect(startedBy(job({ requested_by: 'arn:aws:sts::111122223333:assumed-role/ops/ana' }))).toBe(
      'assumed-role/ops/ana',
    )
  })

  it('says what the job has done', () => {
    const models = { city: { resources: 500, revisions: 629, blobs: 0 } }
    expect(outcomeOf(job({ models, archive: { bucket: 'b', key: 'k', size: 140_288 } }))).toBe('500 resources · 140 KB')
    expect(outcomeOf(job({ kind: 'restore', models: { city: { loaded: 1, skipped: 2, total: 3 } } }))).toBe(
      '1 resource restored, 2 skipped',
    )
    const dryRun = { kind: 'restore', request: { dry_run: true } }
    expect(outcomeOf(job({ ...dryRun, models: { city: { new: 0, changed: 0, same: 5 } } }))).toBe('no differences')
    expect(outcomeOf(job({ ...dryRun, models: { city: { new: 2, changed: 1, same: 5 } } }))).toBe(
      '2 new resources, 1 changed',
    )
  })
})

describe('the interval of requests', () => {
  it('is short only while a job runs', () => {
    expect(pollMs([{ status: 'running' }])).toBeLessThan(pollMs([{ status: 'succeeded' }]))
    expect(pollMs([{ status: 'awaiting_upload' }])).toBe(pollMs([]))
  })
})

describe('the end of a job', () => {
  it('is noticed if the job is not ended or not listed before', () => {
    const [running, ended, other] = [
      { job_id: 'a', status: 'running' },
      { job_id: 'a', status: 'failed' },
      { job_id: 'b', status: 'succeeded' },
    ]
    expect(hasAnotherEnded([running], [ended])).toBe(true)
    expect(hasAnotherEnded([ended], [other, ended])).toBe(true)
    expect(hasAnotherEnded([ended], [ended])).toBe(false)
    expect(hasAnotherEnded([ended, other], [running, other])).toBe(false)
    // The first answer shows no change, and a list that fails to load neither.
    expect(hasAnotherEnded(undefined, [ended])).toBe(false)
    expect(hasAnotherEnded([ended], undefined)).toBe(false)
  })
})

describe('the plan of a restore', () => {
  const models = { city: { new: 1, changed: 2, same: 3, target_only: 4 }, memo: { new: 1, changed: 0, same: 0 } }

  it('depends on the strategy', () => {
    const blobs = { new: 1, changed: 1, same: 7 }
    expect(planOf({ models, blobs }, 'overwrite')).toEqual({ create: 2, replace: 2, same: 3, targetOnly: 4, blobs: 2 })
    expect(planOf({ models, blobs }, 'skip')).toEqual({ create: 2, replace: 0, same: 5, targetOnly: 4, blobs: 1 })
  })

  it('is empty if the store equals the archive, but not if only a blob differs', () => {
    const same = { city: { new: 0, changed: 0, same: 3 } }
    expect(isEmpty(planOf({ models: same, blobs: { new: 0, changed: 0 } }, 'overwrite'))).toBe(true)
    expect(isEmpty(planOf({ models: same, blobs: { new: 0, changed: 1 } }, 'overwrite'))).toBe(false)
    expect(isEmpty(planOf({}, 'overwrite'))).toBe(true)
  })
})

describe('a difference', () => {
  it('has a path that is easy to read', () => {
    expect(readablePath('/payload/capital/0')).toBe('payload.capital[0]')
    expect(readablePath('/payload/a~1b/c~0d')).toBe('payload.a/b.c~d')
  })

  it('shows values as JSON, a missing side as a dash, and describes other values', () => {
    expect(sidesOf({ path: '/x', op: 'remove', stored: { json: 'null' } })).toEqual({ archived: '–', stored: 'null' })
    expect(valueText({ json: '"abc', size: 5_000 })).toBe('"abc… (5.00 KB)')
    expect(valueText({ type: 'binary', size: 12, sha256: 'a'.repeat(64) })).toBe('binary (12 B, sha256 aaaaaaaaaaaa…)')
  })
})

describe('the forms', () => {
  it('send only what the user has entered', () => {
    const form = { models: '', ids: ' ', qb: '', strict: true, format: 'acbak' } as const
    expect(exportBody(form)).toEqual({ strict: true, format: 'acbak', wait: 0 })
    expect(exportBody({ ...form, models: 'city, country', ids: 'a\nb', qb: ' x ' })).toEqual({
      models: ['city', 'country'],
      ids: ['a', 'b'],
      qb: 'x',
      strict: true,
      format: 'acbak',
      wait: 0,
    })
  })

  it('request the dry run and the restore with the same parameters', () => {
    const source = { in: 's3', bucket: 'b', key: 'k' } as const
    const form = { model: 'city', ids: 'a', strategy: 'skip', strict: false } as const
    const body = { from: { bucket: 'b', key: 'k' }, ids: ['a'], on_duplicate: 'skip', strict: false, wait: 0 }
    for (const dry_run of [true, false])
      expect(restoreRequest(source, form, dry_run)).toEqual({ path: '/city/import', body: { ...body, dry_run } })
  })

  it('send the parameters of a file in the query', () => {
    const file = new File(['x'], 'x.acbak')
    const { path, body } = restoreRequest(
      { in: 'file', file },
      { model: '', ids: 'a,b', strategy: 'overwrite', strict: true },
      true,
    )
    expect(path).toBe('/_backup/import?on_duplicate=overwrite&dry_run=true&strict=true&wait=0&ids=a&ids=b')
    expect(body).toBe(file)
  })
})
