import * as z from 'zod'
import { expect, it } from 'vitest'
import type { ResultName } from '../../../shared/jobs/stage.ts'
import { allResults } from '../../../shared/jobs/pass.ts'
import type { ContractStore } from './contract-store.ts'

/** A stage whose results may have any members. */
const stage = (name: ResultName) => ({ name, result: z.looseObject({}) })

/** What the stages of a job keep: results, problems, and attempts that were throttled. */
export const resultsContract = (store: ContractStore): void => {
  it('adds up the throttled attempts of several workers, and begins anew after two minutes', async () => {
    const { job_id } = store.job()
    const attempt = { by: 'S3 bucket blobs', operation: 'HeadObject' }
    const [first, second, third] = [0, 110_000, 300_000].map((ms) => new Date(store.now.getTime() + ms)) as [
      Date,
      Date,
      Date,
    ]
    await store.jobs.throttled.add(job_id, [{ ...attempt, since: first, last_at: first, attempts: 2 }])
    await store.jobs.throttled.add(job_id, [{ ...attempt, since: second, last_at: second, attempts: 3 }])
    expect(await store.jobs.throttled.recent(job_id)).toEqual([
      { ...attempt, since: first, last_at: second, attempts: 5 },
    ])
    store.now = third
    expect(await store.jobs.throttled.recent(job_id)).toEqual([])
    await store.jobs.throttled.add(job_id, [{ ...attempt, since: third, last_at: third, attempts: 1 }])
    expect(await store.jobs.throttled.recent(job_id)).toEqual([
      { ...attempt, since: third, last_at: third, attempts: 1 },
    ])
  })

  it('keeps the first result of a pass, and returns all results in order', async () => {
    const { job_id } = store.job()
    expect(
      await store.jobs.keepResult(job_id, stage('compose-parts'), 0, 0, { done: false, big: 2 ** 53 }),
    ).toMatchObject({
      done: false,
    })
    expect(await store.jobs.keepResult(job_id, stage('compose-parts'), 0, 0, { done: true })).toEqual({
      done: false,
      big: 2 ** 53,
    })
    await store.jobs.keepResult(job_id, stage('compose-parts'), 0, 1, { done: true })
    await store.jobs.keepResult(job_id, stage('compose-parts'), 11, 0, { done: true })
    await store.jobs.keepResult(job_id, stage('compose-parts'), 2, 0, { done: false })
    await store.jobs.keepResult(job_id, stage('compose-parts-join-2'), 0, 0, { done: true })
    const results = await Array.fromAsync(store.jobs.results(job_id, stage('compose-parts')))
    expect(results.map(({ n, pass }) => [n, pass])).toEqual([
      [0, 0],
      [0, 1],
      [2, 0],
      [11, 0],
    ])
    expect(
      (await Array.fromAsync(store.jobs.results(job_id, stage('compose-parts'), 0))).map(({ pass }) => pass),
    ).toEqual([0, 1])
    expect(await store.jobs.getResult(job_id, stage('compose-parts'), 9, 0)).toBeUndefined()
  })

  it('returns the results of a map item with more than a thousand passes in the order of its passes', async () => {
    const { job_id } = store.job()
    for (const pass of [1000, 2, 100, 1001, 99])
      await store.jobs.keepResult(job_id, stage('export-blobs'), 0, pass, { done: false, pass })
    await store.jobs.keepResult(job_id, stage('export-blobs'), 1, 0, { done: true, pass: 0 })
    const results = await allResults(store, job_id, stage('export-blobs'))
    expect(results.map(({ pass }) => pass)).toEqual([2, 99, 100, 1000, 1001, 0])
  })

  it('returns the problem of an error by its name, and the latest problem', async () => {
    const { job_id } = store.job()
    expect(await store.jobs.failure(job_id, 'DuplicatesError')).toBeUndefined()
    expect(await store.jobs.lastFailure(job_id)).toBeUndefined()
    const problem = (type: string) => ({ type, title: type, status: 400, detail: 'x', duplicates: { count: 2 } })
    await store.jobs.keepFailure(job_id, 'RecordInvalidError', problem('archive-invalid'))
    store.now = new Date(store.now.getTime() + 1_000)
    await store.jobs.keepFailure(job_id, 'EntryCorruptError', problem('entry-corrupt'))
    expect(await store.jobs.failure(job_id, 'EntryCorruptError')).toEqual(problem('entry-corrupt'))
    expect(await store.jobs.failure(job_id, 'RecordInvalidError')).toEqual(problem('archive-invalid'))
    expect(await store.jobs.failure(job_id, 'TypeError')).toBeUndefined()
    expect(await store.jobs.lastFailure(job_id)).toEqual(problem('entry-corrupt'))
  })
}
