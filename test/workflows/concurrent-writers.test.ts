import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import { RestoreRunningError } from '../../shared/jobs/lease-errors.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { StoreContents } from '../contents.ts'
import { stableContents } from '../contents.ts'
import { nth, findResource } from './catalogue.ts'
import { writeToStore, buildResource } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const MODELS = ['city', 'country', 'memo']
let archive: Buffer
let before: StoreContents
const runner = await startRunnerWithSample()
beforeAll(async () => {
  before = await runner.contents()
  archive = (await runner.export(MODELS)).archive
  await runner.wipe()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** As another writer, creates a complete city whose id is also in the archive. */
const createCity = (id: string): Promise<void> =>
  writeToStore(
    runner.clients,
    buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: 'theirs' }] }),
  )
const itemsOf = (contents: StoreContents, id: string): [string, Item][] =>
  stableContents(contents).items.filter(([, item]) => item['resource_id']?.S === id)
const isCity = ([, item]: [string, Item]): boolean => item['pk']?.S?.startsWith('city#') === true

/** Restores an archive, and calls `interfere` before a stage. */
const restoreWhile = (
  stage: string,
  interfere: (jobId: string) => Promise<unknown>,
  request: Partial<RestoreRequest> = {},
): Promise<RestoreJob> => {
  runner.beforeStage(stage, async (jobId) => {
    await interfere(jobId)
  })
  return runner.restore(archive, request)
}

const leaseOf = async (model: string): Promise<unknown> => {
  try {
    await (await runner.services.leases.take(model, 'another job')).free()
    return 'free'
  } catch (error) {
    return error instanceof RestoreRunningError ? error : Promise.reject(error instanceof Error ? error : new Error())
  }
}

describe('a resource that another writer creates after preflight', () => {
  it.each([
    ['complete', () => createCity('c')],
    [
      'with its revisions first',
      async () => {
        await createCity('c')
        await runner.removeItems(findResource(await runner.contents(), 'city', 'c').metadata)
      },
    ],
    [
      'with its metadata only',
      async () => {
        await createCity('c')
        await runner.removeItems(...findResource(await runner.contents(), 'city', 'c').revisions)
      },
    ],
  ])(
    'is skipped under skip if it is created %s, and no item of the archived resource remains',
    async (_how, create) => {
      let theirs: [string, Item][] = []
      const job = await restoreWhile(
        'apply-records',
        async () => {
          await create()
          theirs = itemsOf(await runner.contents(), 'c')
        },
        { on_duplicate: 'skip' },
      )
      expect(job).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 5, skipped: 1, total: 6 } }, verification: { passed: true } },
      })
      const after = await runner.contents()
      expect(itemsOf(after, 'c')).toEqual(theirs)
      expect(itemsOf(after, 'a')).toEqual(itemsOf(before, 'a'))
    },
  )

  it('is a conflict under raise_error: the restore is rolled back, and the resource is kept', async () => {
    let theirs: [string, Item][] = []
    const job = await restoreWhile(
      'apply-records',
      async () => {
        await createCity('c')
        theirs = stableContents(await runner.contents()).items
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ status: 'failed', error: { type: 'conflict', status: 409, id: 'c' } })
    const { items, objects } = stableContents(await runner.contents())
    expect(items).toEqual(theirs)
    // A rollback does not delete blobs. They have no effect if no resource refers to them.
    expect(objects.every(([key]) => before.objects.has(key))).toBe(true)
  })

  it('ends the lease of workers that still run after their map has ended, before the rollback begins', async () => {
    const epochs: (number | undefined)[] = []
    const recordEpoch = async (jobId: string): Promise<void> => {
      const lease = runner.services.leases.held(['city'], jobId)
      await lease.check()
      epochs.push(lease.epoch('city'))
    }
    runner.beforeStage('rollback', recordEpoch)
    const job = await restoreWhile(
      'apply-records',
      async (jobId) => {
        await recordEpoch(jobId)
        await createCity('c')
      },
      { on_duplicate: 'raise_error' },
    )
    expect(job).toMatchObject({ error: { type: 'conflict' } })
    const [applying = 0, rollingBack = 0] = epochs
    expect(rollingBack).toBeGreaterThan(applying)
  })

  it('is replaced under overwrite, and its additional revisions are removed', async () => {
    const job = await restoreWhile('apply-records', async () => {
      await writeToStore(
        runner.clients,
        buildResource(runner.services.models, {
          model: 'city',
          id: 'b',
          payloads: [{ name: '1' }, { name: '2' }, { name: '3' }],
        }),
      )
    })
    expect(job).toMatchObject({ status: 'succeeded', result: { verification: { passed: true } } })
    expect(itemsOf(await runner.contents(), 'b')).toEqual(itemsOf(before, 'b'))
  })
})

describe('another writer during an overwrite', () => {
  it('keeps its changes if it writes after the restore; the verification counts them as changed since', async () => {
    const job = await restoreWhile('plan-verify', async () => {
      await createCity('b')
      await createCity('f')
    })
    expect(job).toMatchObject({ status: 'succeeded', result: { models: { city: { loaded: 6 } } } })
    const { bucket = '', key = '' } = job.result?.report ?? {}
    expect(await runner.services.objects.getJson(bucket, key)).toMatchObject({
      passed: true,
      models: { city: { loaded: 6, changed_since: 2 } },
    })
    const stored = findResource(await runner.contents(), 'city', 'b')
    expect(nth(stored.revisions, 0)['data']).toEqual({ S: '{"name":"theirs"}' })
  })

  it('loses its changes if it writes before the restore', async () => {
    const job = await restoreWhile('apply-blobs', () => createCity('b'))
    expect(job.status).toBe('succeeded')
    expect(stableContents(await runner.contents()).items.filter(isCity)).toEqual(
      stableContents(before).items.filter(isCity),
    )
  })
})

describe('two restores at the same time', () => {
  it('of one model: the second fails with an error that names the running job, and the first succeeds', async () => {
    let second: RestoreJob | undefined
    let firstId = ''
    const first = await restoreWhile('preflight', async (jobId) => {
      firstId = jobId
      second = await runner.restore(archive, { models: ['city'] })
    })
    expect(second).toMatchObject({
      status: 'failed',
      error: { type: 'restore-running', status: 409, model: 'city', job_id: firstId },
    })
    expect(Date.parse(String(second?.error?.['until']))).toBeGreaterThan(Date.now())
    expect(first).toMatchObject({ status: 'succeeded' })
    expect(stableContents(await runner.contents())).toEqual(stableContents(before))
  })

  it('of different models both succeed', async () => {
    let second: RestoreJob | undefined
    runner.beforeStage('preflight', async () => {
      second = await runner.restore(archive, { models: ['memo'] })
    })
    const first = await runner.restore(archive, { models: ['city'] })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })

  it('both succeed if one is a dry run', async () => {
    let second: RestoreJob | undefined
    const first = await restoreWhile('preflight', async () => {
      second = await runner.restore(archive, { dry_run: true })
    })
    expect([first.status, second?.status]).toEqual(['succeeded', 'succeeded'])
  })
})

describe('the leases of a restore', () => {
  it('are free after a success and after a failure before the first write', async () => {
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
    expect(await runner.restore(archive, { on_duplicate: 'raise_error' })).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates' },
    })
    for (const model of MODELS) expect(await leaseOf(model)).toBe('free')
  })

  it('are draining after a failure that follows the first write', async () => {
    let jobId = ''
    const job = await restoreWhile('plan-verify', async (id) => {
      jobId = id
      await runner.removeItems(findResource(await runner.contents(), 'city', 'b').metadata)
    })
    expect(job).toMatchObject({ status: 'failed', error: { type: 'verification-failed' } })
    for (const model of MODELS) expect(await leaseOf(model)).toMatchObject({ job_id: jobId })
    expect(await runner.restore(archive)).toMatchObject({ error: { type: 'restore-running', job_id: jobId } })
    await runner.services.leases.held(MODELS, jobId).free()
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
  })
})
