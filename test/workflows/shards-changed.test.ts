import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { loadModels } from '../../shared/resources/models.ts'
import { metadataSortKey } from '../../shared/resources/keys.ts'
import { buildResource, combine, type StoreData, writeToStore } from './sample-store.ts'
import { JobFailedError, WorkflowRunner } from './workflow-runner.ts'

const modelsWith = (shards: number): object => ({ city: { shards }, country: {} })
const IDS = ['a', 'b', 'c', 'd', 'e', 'f']

describe('if the number of shards of a model changes', () => {
  let dir: string
  let runner: WorkflowRunner
  let archive: Buffer
  const file = (shards: number): string => join(dir, `models-${shards}.json`)
  const cities = (shards: number): StoreData =>
    combine(
      ...IDS.map((id) =>
        buildResource(loadModels(modelsWith(shards)), { model: 'city', id, payloads: [{ name: id }, { name: id }] }),
      ),
      buildResource(loadModels(modelsWith(shards)), { model: 'country', id: 'n', payloads: [{ name: 'N' }] }),
    )
  const deploy = (shards: number): Promise<void> => runner.deploy({ models_file: file(shards) })
  const forgetRecords = async (): Promise<void> => {
    for (const model of ['city', 'country'])
      await runner.clients.dynamo.send(
        new DeleteItemCommand({
          TableName: runner.clients.config.tables.jobs,
          Key: { pk: { S: `shards#${model}` }, sk: { S: 'shards' } },
        }),
      )
  }
  const failure = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error instanceof JobFailedError ? error.error : error),
    )
  const changed = (stored: number, registered: number) => ({
    type: expect.stringContaining('shards-changed') as string,
    status: 409,
    detail: expect.stringMatching(new RegExp(`city.*\\b${stored}\\b.*\\b${registered}\\b`)) as string,
    model: 'city',
    stored_shards: stored,
    registered_shards: registered,
  })

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'specstar-models-'))
    for (const shards of [1, 4, 16, 64]) await writeFile(file(shards), JSON.stringify(modelsWith(shards)))
    runner = await WorkflowRunner.start({ models_file: file(16) })
    await writeToStore(runner.clients, cities(16))
    archive = (await runner.export(['city'])).archive
  })
  afterAll(async () => {
    await runner.stop()
    await rm(dir, { recursive: true, force: true })
  })
  beforeEach(async () => {
    await runner.wipe()
    await forgetRecords()
    await deploy(16)
    await writeToStore(runner.clients, cities(16))
  })

  it.each([1, 4, 64])(
    'every job of the model fails with %i instead of 16, and jobs of other models still succeed',
    async (shards) => {
      await runner.export(['city', 'country'])
      await deploy(shards)
      expect(await failure(runner.export(['city']))).toMatchObject(changed(16, shards))
      expect(await failure(runner.export(['city', 'country']))).toMatchObject(changed(16, shards))
      for (const dry_run of [true, false])
        expect(await runner.restore(archive, { dry_run })).toMatchObject({
          status: 'failed',
          error: changed(16, shards),
        })
      expect((await runner.export(['country'])).job).toMatchObject({ status: 'succeeded' })
      await deploy(16)
      expect((await runner.export(['city'])).job.result?.models).toMatchObject({ city: { resources: IDS.length } })
    },
  )

  it.each([1, 4, 64])('the first job derives 16 from the data if %i are registered', async (shards) => {
    await deploy(shards)
    expect(await failure(runner.export(['city']))).toMatchObject(changed(16, shards))
    expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: changed(16, shards) })
    await deploy(16)
    expect((await runner.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it.each([1, 4, 64])(
    'the first job with data derives 16 if %i was stored while the model was empty',
    async (shards) => {
      await runner.wipe()
      await deploy(shards)
      await runner.export(['city'])
      await writeToStore(runner.clients, cities(16))
      for (const models of [['city'], ['country', 'city']])
        expect(await failure(runner.export(models))).toMatchObject(changed(16, shards))
      expect(await runner.restore(archive)).toMatchObject({ status: 'failed', error: changed(16, shards) })
      await deploy(16)
      expect((await runner.export(['city'])).job.result?.models).toMatchObject({ city: { resources: IDS.length } })
      await deploy(shards)
      expect(await failure(runner.export(['city']))).toMatchObject(changed(16, shards))
    },
  )

  it('the new number is accepted after the data of the model was deleted', async () => {
    await runner.export(['city', 'country'])
    await runner.wipe()
    await deploy(4)
    expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
    expect((await runner.export(['city'])).job.result?.models).toMatchObject({ city: { resources: IDS.length } })
    await deploy(16)
    expect(await failure(runner.export(['city']))).toMatchObject(changed(4, 16))
  })

  it('the new number is not accepted while only a revision or a damaged item is left', async () => {
    await runner.export(['city'])
    await runner.wipe()
    await runner.putItems({ pk: { S: 'city#r#15' }, sk: { S: 'damaged' } })
    await deploy(4)
    expect(await failure(runner.export(['city']))).toMatchObject(changed(16, 4))
  })

  it('damaged keys and items in wrong partitions are not mistaken for a change', async () => {
    await runner.putItems(
      { pk: { S: 'city#r#0' }, sk: { S: '!' } },
      { pk: { S: 'city#r#15' }, sk: { S: 'zzz' } },
      { pk: { S: 'city#r#900' }, sk: { S: metadataSortKey('a') } },
      { pk: { S: 'city#r#99999' }, sk: { S: metadataSortKey('a') } },
    )
    expect((await runner.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it('the first job finds the data although the table has more than 1,000 partitions', async () => {
    await runner.putItems(...Array.from({ length: 1001 }, (_, k) => ({ pk: { S: `other#${k}` }, sk: { S: 'x' } })))
    await deploy(4)
    expect(await failure(runner.export(['city']))).toMatchObject(changed(16, 4))
    await deploy(16)
    expect((await runner.export(['city'])).job).toMatchObject({ status: 'succeeded' })
  })

  it('jobs that run at the same time store one number', async () => {
    expect(await Promise.all([runner.export(['city']), runner.export(['city', 'country'])])).toHaveLength(2)
    expect(await runner.services.shardRecords.find(['city', 'country'])).toEqual(
      new Map([
        ['city', { shards: 16, withoutData: false }],
        ['country', { shards: 16, withoutData: false }],
      ]),
    )
  })
})
