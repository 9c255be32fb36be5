import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { RESULT_COUNTERS } from '../../../functions/http/result-counters.ts'
import type { JobStore } from '../../../shared/jobs/aws/job-store.ts'
import { progressOf } from '../../../shared/jobs/progress.ts'
import type { ResultName, Stage } from '../../../shared/jobs/stage.ts'
import type { StageName } from '../../../shared/jobs/stage-names.ts'

const OBJECT = { bucket: 'b', key: 'k', size: 1, etag: 'e' }
const LIST = { object: OBJECT, payloads: 1, blobs: 1 }
const INDEX = { offset: 0, size: 1, sha256: 's', unpacked_size: 1 }
const SEGMENT = { object: OBJECT, summary: { size: 1, frame_sha256: 's', unpacked_size: 1, index: INDEX } }
const RECORDS_SEGMENT = { ...SEGMENT, model: 'city', resources: 5, revisions: 7, digests: OBJECT }
const EXTENT = { model: 'city', resources: 5, revisions: 7, existing: OBJECT, duplicates: 0, digests: OBJECT }
const DRY_RUN = { new: 1, changed: 2, same: 3, target_only: 4 }
const PIECE = { object: OBJECT, model: 'city', first_h: '0', resources: 1, revisions: 2 }
const BLOBS = { blobs: 3, bytes: 40, models: {}, missing: 2 }
const ACTIONS = { new: 1, changed: 2, same: 3, conflict: 4 }
const SCAN = { phase: 'scan', runs: [], content_count: 0, references: LIST, models: [], resources: 5, revisions: 7 }

/** A store that holds these results of a stage, as the job table keeps them. */
const storeOf = (name: StageName, results: readonly object[]): Pick<JobStore, 'results'> => ({
  async *results<Result>(_jobId: string, stage: Stage<Result, ResultName>) {
    // The rounds that join segments, and those that merge lists of references, have no results here.
    if (['compose-parts-join-0', 'export-blobs-merge', 'preflight-blobs-merge'].includes(stage.name)) return
    expect(stage.name).toBe(name)
    for (const [n, result] of results.entries())
      yield { n, pass: 0, result: stage.result.parse(await Promise.resolve(result)) }
  },
})

/** A store that holds these results, by the name of the stage or round. */
const storeOfStages = (results: ReadonlyMap<string, readonly object[]>): Pick<JobStore, 'results'> => ({
  async *results<Result>(_jobId: string, stage: Stage<Result, ResultName>) {
    for (const [n, result] of (results.get(stage.name) ?? []).entries())
      yield { n, pass: 0, result: stage.result.parse(await Promise.resolve(result)) }
  },
})

describe('progressOf', () => {
  it('counts the map items of earlier rounds that have joined segments', async () => {
    const results = new Map<string, object[]>([
      ['compose-parts-join-0', [{ done: true, object: OBJECT }, { done: false }, { done: true, object: OBJECT }]],
      ['compose-parts-join-1', [{ done: true, object: OBJECT }]],
      ['compose-parts', [{ done: true, parts: [{ number: 1, etag: 'a', size: 10 }] }]],
    ])
    const job = { job_id: 'j', phase: 'compose-parts', planned: { 'compose-parts': 5 } }
    expect(await progressOf(storeOfStages(results), job, RESULT_COUNTERS)).toEqual({
      progress: { done: 4, total: 5 },
      counts: { bytes: 10 },
    })
  })

  it.each<[StageName, object]>([
    ['export-blobs', { ...BLOBS, segments: [] }],
    ['preflight-blobs', { ...BLOBS, list: OBJECT, actions: ACTIONS, different: 0, different_blobs: [] }],
  ])('counts the map items of %s that have merged lists of references', async (phase, result) => {
    const merge = { done: true, lists: [LIST] }
    const results = new Map<string, object[]>([
      [`${phase}-merge`, [merge, { ...merge, done: false }, merge]],
      [phase, [{ done: true, ...result }]],
    ])
    const job = { job_id: 'j', phase, planned: { [phase]: 5 } }
    const progress = await progressOf(storeOfStages(results), job, RESULT_COUNTERS)
    expect(progress).toMatchObject({ progress: { done: 3, total: 5 }, counts: { blobs: 3 } })
  })

  it.each<[StageName, object[], object]>([
    [
      'export-records',
      [{ segments: [RECORDS_SEGMENT, RECORDS_SEGMENT], pieces: [PIECE], references: LIST }],
      { resources: 11, revisions: 16 },
    ],
    [
      'export-blobs',
      [
        { ...BLOBS, segments: [] },
        // An export that an earlier version has started is still running.
        { ...BLOBS, segment: SEGMENT },
      ],
      { blobs: 6, bytes: 80, missing: 4 },
    ],
    [
      'compose-parts',
      [
        {
          parts: [
            { number: 1, etag: 'a', size: 10 },
            { number: 2, etag: 'b', size: 5 },
          ],
        },
      ],
      { bytes: 15 },
    ],
    [
      'account-items',
      [
        { counts: { no_metadata: 2, wrong_key: 1 }, first: [] },
        { counts: {}, first: [] },
      ],
      { unaccounted: 3 },
    ],
    [
      'convert',
      [
        SCAN,
        { phase: 'merge', merged: 2, run: OBJECT },
        { phase: 'records', segments: [RECORDS_SEGMENT] },
        { phase: 'blobs', blob_segments: [], blobs: 3, bytes: 40, models: {} },
      ],
      { resources: 5, revisions: 7, blobs: 3, bytes: 40 },
    ],
    [
      'preflight',
      [{ extents: [EXTENT, { ...EXTENT, dry_run: DRY_RUN }], references: LIST }],
      { resources: 10, revisions: 14, new: 1, changed: 2, same: 3 },
    ],
    [
      'preflight-blobs',
      [{ ...BLOBS, list: OBJECT, actions: ACTIONS, different: 0, different_blobs: [] }],
      { blobs: 3, bytes: 40, missing: 2, new: 1, changed: 2, same: 3 },
    ],
    ['apply-blobs', [{ written: 3 }, { written: 4 }], { written: 7 }],
    ['apply-records', [{ model: 'city', loaded: 4, skipped: 1 }], { loaded: 4, skipped: 1 }],
    [
      'verify',
      [
        { model: 'city', changed_since: 3, resources: 5, checks: OBJECT, digests: OBJECT },
        { changed_since: 0, blobs: 2, checks: OBJECT },
        // An earlier version has stored these results.
        { model: 'city', changed_since: 3, checks: OBJECT, digests: OBJECT },
        { changed_since: 0, checks: OBJECT },
      ],
      { resources: 5, blobs: 2 },
    ],
    ['rollback', [{}], {}],
  ])('adds up the counts of %s', async (phase, results, counts) => {
    const kept = [...results.map((result) => ({ done: true, ...result })), { ...results[0], done: false }]
    const job = { job_id: 'j', phase, planned: { [phase]: 9 } }
    const [once, twice] = [
      await progressOf(storeOf(phase, kept.slice(0, -1)), job, RESULT_COUNTERS),
      await progressOf(storeOf(phase, kept), job, RESULT_COUNTERS),
    ]
    expect(once).toEqual({ progress: { done: results.length, total: 9 }, counts })
    // A pass that is followed by another pass of its map item counts, but its map item is not finished.
    expect(twice?.progress).toEqual({ done: results.length, total: 9 })
  })

  it.each([
    ['before the first phase', {}],
    ['before the map items of the phase are planned', { phase: 'verify', planned: { preflight: 1 } }],
    ['if nothing is planned', { phase: 'verify' }],
    ['in a phase without map items', { phase: 'report', planned: { report: 1 } }],
  ])('returns nothing %s', async (_when, job) => {
    expect(await progressOf(storeOf('verify', []), { job_id: 'j', ...job }, RESULT_COUNTERS)).toBeUndefined()
  })

  it('rejects a result that does not match the schema of its stage', async () => {
    const job = { job_id: 'j', phase: 'apply-records', planned: { 'apply-records': 1 } }
    const progress = progressOf(storeOf('apply-records', [{ done: true, loaded: '4' }]), job, RESULT_COUNTERS)
    await expect(progress).rejects.toThrow(z.ZodError)
  })
})
