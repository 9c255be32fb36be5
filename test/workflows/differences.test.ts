import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { differencesAnswer, DifferencesAnswer } from '../../functions/http/differences-answer.ts'
import { differencesView } from '../../functions/http/differences-view.ts'
import { encodeCursor } from '../../shared/requests/cursor.ts'
import { DifferencesExpiredError } from '../../shared/restore/errors.ts'
import { FIRST_DIFFERENCES } from '../../shared/restore/messages/differences.ts'
import { must } from '../../shared/values/must.ts'
import { bytesInResponse, MAX_PAGE_BYTES } from '../../shared/values/response-size.ts'
import { inArchiveOrder, names, startDifferencesTest } from './differences-test.ts'

const { runner, dryRun, answerOf, listAll, changeStore } = await startDifferencesTest()

describe('the differences of a dry run', () => {
  it('are the ids of each group, in the order of the archive, whatever the size of a page', async () => {
    await changeStore()
    const job = await dryRun()
    expect(job.result?.dry_run?.models['city']).toEqual({ new: 2, changed: 3, same: 1, target_only: 3 })
    const all = [
      ...inArchiveOrder(['a', 'b']).map((id) => `new city ${id}`),
      ...inArchiveOrder(['c', 'd', 'f']).map((id) => `changed city ${id}`),
      ...inArchiveOrder(['extra 1', 'extra 2', 'extra 3']).map((id) => `target_only city ${id}`),
    ]
    expect(names(await listAll(job))).toEqual(all)
    for (const limit of [1, 2, 5]) expect(names(await listAll(job, { limit }))).toEqual(all)
    expect(names(await listAll(job, { group: 'changed', limit: 2 }))).toEqual(all.slice(2, 5))
    expect(await listAll(job, { model: 'country' })).toEqual([])
    expect(await listAll(job, { group: 'missing' })).toEqual([])
  })

  it('are counted and named in the answer of the job', async () => {
    await changeStore()
    const job = await dryRun()
    expect(job.result?.differences).toEqual({ new: 2, changed: 3, target_only: 3 })
    const { differences } = await differencesView(runner.services, job)
    expect(differences).toMatchObject({
      new: { count: 2, resources: inArchiveOrder(['a', 'b']).map((resource_id) => ({ model: 'city', resource_id })) },
      changed: { count: 3 },
      target_only: { count: 3 },
    })
  })

  it('contain only resources that the filters select', async () => {
    await changeStore()
    const job = await dryRun({ filters: { ids: ['a', 'c', 'extra 1'] }, models: ['city'] })
    const ids = (await listAll(job)).map(({ group, resource_id }) => `${group} ${resource_id}`)
    expect(ids).toEqual(['new a', 'changed c', 'target_only extra 1'])
  })

  it('are absent if the store equals the archive', async () => {
    const job = await dryRun()
    expect(job.result?.differences).toEqual({})
    expect(await answerOf(job)).toEqual({ status: 200, body: { differences: [] } })
    expect(await differencesView(runner.services, job)).toEqual({})
  })

  it('are rejected for a job that has not compared anything, and with an invalid cursor', async () => {
    const { job_id } = (await runner.export(['memo'])).job
    const options = { detail: 'ids', limit: 1 } as const
    await expect(differencesAnswer({ jobId: job_id, ...options }, runner.services)).rejects.toThrow(
      /is not a restore, so it has no differences/,
    )
    const failed = await dryRun({ on_duplicate: 'raise_error' })
    await expect(answerOf(failed)).rejects.toThrow(/ended before it had compared the archive with the store/)
    await expect(answerOf(await dryRun(), { cursor: 'x' })).rejects.toThrow(/cursor: must be/)
  })

  it('are rejected with the cursor of another job, group or model, or of a place that the list does not have', async () => {
    await changeStore()
    const [job, other] = [await dryRun(), await dryRun()]
    const { cursor } = DifferencesAnswer.parse((await answerOf(job, { limit: 1, group: 'changed' })).body)
    const options = { limit: 1, group: 'changed', cursor: must(cursor) } as const
    expect(DifferencesAnswer.parse((await answerOf(job, options)).body).differences).toHaveLength(1)
    const message = 'cursor: must be the `cursor` of an earlier page of this list'
    await expect(answerOf(other, options)).rejects.toThrow(message)
    await expect(answerOf(job, { limit: 1, cursor: options.cursor })).rejects.toThrow(message)
    await expect(answerOf(job, { ...options, group: 'new' })).rejects.toThrow(message)
    await expect(answerOf(job, { ...options, model: 'city' })).rejects.toThrow(message)
    const list = JSON.stringify(['differences', job.job_id, null, null])
    for (const position of [
      { page: 99, id: 0 },
      { page: 0, id: 99 },
    ])
      await expect(answerOf(job, { cursor: encodeCursor(list, position) })).rejects.toThrow(message)
  })

  it('are rejected for a job of an earlier version, which has counted differences without listing them', async () => {
    await changeStore()
    const job = await dryRun()
    const { differences, ...result } = must(job.result?.dry_run === undefined ? undefined : job.result)
    expect(differences).toMatchObject({ changed: 3 })
    await runner.services.jobs.change(job.job_id, { result }, { from: ['succeeded'] })
    await expect(answerOf(job)).rejects.toThrow(/earlier version, which did not list differences; start a new dry run/)
  })

  it('have as many ids in the answer of the job as a response can contain', async () => {
    const job = await dryRun()
    const changed = { ...job, result: { ...must(job.result), differences: { new: 1_000, target_only: 2_000 } } }
    // The longest ids: Lambda escapes each of these characters twice.
    const resources = Array.from({ length: 1_000 }, (_, k) => ({
      model: 'city',
      resource_id: `${k}${'"'.repeat(250)}${'\u{20ac}'.repeat(250)}`,
    }))
    const first = { new: { count: 1_000, resources }, target_only: { count: 2_000, resources } }
    await runner.services.workFiles.write(FIRST_DIFFERENCES, first, job.job_id)
    const { differences } = await differencesView(runner.services, changed)
    expect(bytesInResponse(differences ?? {})).toBeLessThan(MAX_PAGE_BYTES / 2 + 10_000)
    expect(differences?.new).toEqual({ count: 1_000, resources })
    expect(differences?.target_only?.count).toBe(2_000)
    const shown = differences?.target_only?.resources?.length ?? 0
    expect(shown).toBeGreaterThan(0)
    expect(shown).toBeLessThan(1_000)
    expect(differences?.target_only?.resources).toEqual(resources.slice(0, shown))
  })

  it('expire with the work files of the job', async () => {
    await changeStore()
    const job = await dryRun()
    const { s3, config } = runner.clients
    const remove = (name: string): Promise<unknown> =>
      s3.send(new DeleteObjectCommand({ Bucket: config.buckets.work, Key: `work/${job.job_id}/${name}` }))
    await remove('restore-plan.json')
    await remove('first-differences.json')
    await remove('differences.json')
    await expect(answerOf(job)).rejects.toThrow(DifferencesExpiredError)
    expect(await differencesView(runner.services, job)).toEqual({
      differences: { new: { count: 2 }, changed: { count: 3 }, target_only: { count: 3 } },
    })
  })
})
