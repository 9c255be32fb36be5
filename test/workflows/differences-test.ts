import { beforeAll, beforeEach } from 'vitest'
import type { Answer } from '../../functions/http/answer.ts'
import { DifferencesAnswer, differencesAnswer } from '../../functions/http/differences-answer.ts'
import type { DifferencesParameters } from '../../functions/http/differences-parameters.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { findResource, nth } from './catalogue.ts'
import { buildResource, sampleStore, writeToStore } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

export type Listed = DifferencesAnswer['differences'][number]
export type Options = Partial<DifferencesParameters>

export const names = (differences: readonly Listed[]): string[] =>
  differences.map(({ group, model, resource_id }) => `${group} ${model} ${resource_id}`)

export const inArchiveOrder = (ids: readonly string[]): string[] =>
  [...ids].sort((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))

/**
 * Starts a runner with the sample and an archive of it, and returns functions that change the store and list the
 * differences. The store equals the archive before each test. Call this function at the top level of a file.
 */
export const startDifferencesTest = async () => {
  let archive: Buffer
  // Each pass reads one digest bucket, so the lists of many passes are joined.
  const runner = await startRunnerWithSample({ limits: { passMs: 1 } })
  beforeAll(async () => {
    archive = (await runner.export(['city', 'country', 'memo'])).archive
  })
  beforeEach(async () => {
    await runner.freeLeases()
    await runner.wipe()
    await writeToStore(runner.clients, sampleStore(runner.services.models))
  })

  const answerOf = ({ job_id }: RestoreJob, options: Options = {}): Promise<Answer> =>
    differencesAnswer({ jobId: job_id, detail: 'ids', limit: 200, ...options }, runner.services)

  /** All differences, page by page. */
  const listAll = async (job: RestoreJob, options: Options = {}): Promise<Listed[]> => {
    const all: Listed[] = []
    let cursor: string | undefined
    do {
      const { body } = await answerOf(job, { ...options, ...(cursor === undefined ? {} : { cursor }) })
      const page = DifferencesAnswer.parse(body)
      all.push(...page.differences)
      ;({ cursor } = page)
    } while (cursor !== undefined)
    return all
  }

  const restore = (request: Partial<RestoreRequest> = {}): Promise<RestoreJob> => runner.restore(archive, request)

  const dryRun = (request: Partial<RestoreRequest> = {}): Promise<RestoreJob> => restore({ dry_run: true, ...request })

  const city = async (id: string): Promise<ReturnType<typeof findResource>> =>
    findResource(await runner.contents(), 'city', id)

  const removeCity = async (id: string): Promise<void> => {
    const { metadata, revisions } = await city(id)
    await runner.removeItems(metadata, ...revisions)
  }

  const extra = (id: string): Promise<void> =>
    writeToStore(
      runner.clients,
      buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: 'Extra', country: 'north' }] }),
    )

  /** Changes the store: two cities are missing, two are changed, one is torn, and three exist only in the store. */
  const changeStore = async (): Promise<void> => {
    await removeCity('a')
    await removeCity('b')
    const { metadata, revisions } = await city('c')
    await runner.putItems({ ...metadata, updated_by: { S: 'eve' } })
    await runner.putItems({ ...nth(revisions, -1), data: { S: '{"name":"C3","country":"north"}' } })
    await runner.removeItems(nth((await city('d')).revisions, -1))
    await writeToStore(
      runner.clients,
      buildResource(runner.services.models, {
        model: 'city',
        id: 'f',
        payloads: [{ name: 'F', country: 'south', tags: ['x', 'y'], founded: 9_007_199_254_740_991 }],
      }),
    )
    for (const id of ['extra 1', 'extra 2', 'extra 3']) await extra(id)
  }

  return { runner, restore, dryRun, answerOf, listAll, city, removeCity, extra, changeStore }
}
