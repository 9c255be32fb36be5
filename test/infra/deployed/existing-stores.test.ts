import { PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { LocalDeployment } from './local-deployment.ts'

const MODELS = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'plan-export': ['dynamodb:DescribeTable', 's3:GetBucketVersioning'],
  inspect: ['dynamodb:DescribeTable', 's3:GetBucketNotification', 's3:GetBucketVersioning'],
  'import-all': ['s3:GetBucketNotification', 's3:GetBucketVersioning'],
}

describe('the synthesized deployment with existing stores', () => {
  let deployment: LocalDeployment
  beforeAll(async () => {
    const existing = { resource_table: 'shop', blob_bucket: 'shop-files', restore_bucket: 'shop-inbox' }
    deployment = await LocalDeployment.start({ deployment: 'specstar', existing })
    const { dynamo, s3, config } = deployment.servers
    const NotificationConfiguration = { EventBridgeConfiguration: {} }
    await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: 'shop-inbox', NotificationConfiguration }))
    await writeToStore({ dynamo, s3, config }, sampleStore(MODELS))
  }, 180_000)
  afterAll(() => deployment.stop())

  const request = async (method: string, path: string, body?: object): Promise<{ status: number; job_id: string }> => {
    const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(deployment.url + path, { method, ...(body === undefined ? {} : json) })
    return { ...((await response.json()) as { job_id: string }), status: response.status }
  }

  /** Waits until a job has succeeded, however long the response to its request has waited for it. */
  const succeeds = ({ job_id }: { job_id: string }): Promise<void> =>
    vi.waitFor(
      async () => {
        const response = await fetch(`${deployment.url}/_backup/jobs/${job_id}`)
        expect(await response.json()).toMatchObject({ status: 'succeeded' })
      },
      { timeout: 120_000, interval: 500 },
    )

  it('exports and restores them and opens a slot, with the permissions of its policies', async () => {
    const exported = await request('GET', '/_backup/export?models=city,country,memo')
    await succeeds(exported)
    const from = { job_id: exported.job_id }
    await succeeds(await request('POST', '/_backup/import?on_duplicate=overwrite', { from }))
    expect((await request('POST', '/_backup/import')).status).toBe(202)
    for (const name of deployment.functions.keys())
      expect(
        deployment.needs(name).filter((need) => !deployment.isAllowed(name, need)),
        name,
      ).toEqual([])
  }, 300_000)

  it('checks the stores in the functions that use them first', () => {
    for (const [name, expected] of Object.entries(CHECKS)) {
      const actions = new Set(deployment.needs(name).map(({ action }) => action))
      const checks = [...actions].filter((action) => /Describe|GetBucket/.test(action))
      expect(checks.sort(), name).toEqual(expected)
    }
  })
})
